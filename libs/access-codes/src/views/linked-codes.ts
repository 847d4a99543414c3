import type { Database } from '@latchkey/database';
import type { CodesWithKey } from '../common-codes';
import { CODES, type CodesTables } from './codes-projection';

/** How many at most: their ids fit into one event. */
const AT_MOST = 20_000;

/** The live codes with a key, as the view of codes has them, oldest first. */
export function linkedCodes(views: Database<CodesTables>): CodesWithKey {
  return async (workspaceId, commonCodeKey) => {
    const rows = await views.db
      .selectFrom(CODES)
      .select('code_id')
      .where('workspace_id', '=', workspaceId)
      .where('common_code_key', '=', commonCodeKey)
      .where('live_at', 'is not', null)
      .orderBy('live_at')
      .limit(AT_MOST)
      .execute();
    return rows.map(({ code_id }) => code_id);
  };
}
