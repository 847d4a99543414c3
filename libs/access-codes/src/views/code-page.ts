import type { Database } from '@latchkey/database';
import { type Page, pageOf, type PageRequest, type RowKey, type Vault } from '@latchkey/platform';
import { sql } from 'kysely';
import type { AccessCode } from '../domain/access-code';
import { codesWithPin, matches } from './code-search';
import type { CodesTables } from './codes-projection';

export interface WantedCodes {
  /** The column that says which codes are listed, and in which order. */
  readonly listed: 'live_at' | 'readable_at' | 'unmanaged_at';
  readonly workspaceId: string;
  readonly deviceId?: string;
  readonly accessCodeIds?: readonly string[];
  readonly commonCodeKey?: string;
  readonly search?: string;
}

/** Which page of which list: `scope` is what its cursors are good for, `after` where `startOf` says that it begins. */
export interface Place {
  readonly page: PageRequest;
  readonly scope: object;
  readonly after: RowKey;
}

/** A page of codes, in the order in which they came. */
export async function codePage(
  { db }: Pick<Database<CodesTables>, 'db'>,
  vault: Vault,
  { listed, workspaceId, deviceId, accessCodeIds, commonCodeKey, search }: WantedCodes,
  { page, scope, after }: Place,
): Promise<Page<AccessCode>> {
  let query = db
    .selectFrom('codes_v2')
    .select(['code_id', 'position', 'state'])
    // The first bound is the second's, said so that every engine finds the place in the index.
    .where(listed, '>=', after.at)
    .where(sql<boolean>`(${sql.ref(listed)}, code_id) > (${after.at}, ${after.id})`);
  // The device's own index is the shorter one; the expression keeps SQLite from taking the workspace's.
  query =
    deviceId === undefined
      ? query.where('workspace_id', '=', workspaceId)
      : query.where('device_id', '=', deviceId).where(sql<boolean>`workspace_id || '' = ${workspaceId}`);
  if (accessCodeIds) query = query.where('code_id', 'in', [...new Set(accessCodeIds)]);
  if (commonCodeKey !== undefined) query = query.where('common_code_key', '=', commonCodeKey);
  if (search !== undefined) {
    const withPin = await codesWithPin(db, vault, workspaceId, search);
    query = query.where((eb) => matches(eb, search, withPin));
  }
  const rows = await query
    .orderBy(listed)
    .orderBy('code_id')
    .limit(page.limit + 1)
    .execute();
  return pageOf(
    rows,
    page,
    scope,
    (row) => ({ at: row.position, id: row.code_id }),
    (row) => JSON.parse(row.state) as AccessCode,
  );
}
