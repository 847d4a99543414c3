import { contains, type DevicesTables } from '@latchkey/devices';
import type { Vault } from '@latchkey/platform';
import type { Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely';
import type { AccessCode } from '../domain/access-code';
import { CODES, type CodesTables } from './codes-projection';

/** How many PINs are opened before other work gets a turn. */
const CHUNK = 500;

/** Whether a row's name or id contains the search text, or its PIN is exactly that. */
export function matches(
  eb: ExpressionBuilder<CodesTables & DevicesTables, typeof CODES>,
  search: string,
  withPin: readonly string[],
): Expression<SqlBool> {
  return eb.or([
    contains('search_name', search),
    contains('code_id', search),
    ...(withPin.length > 0 ? [eb('code_id', 'in', withPin)] : []),
  ]);
}

/** Where to look for a PIN. */
export interface PinSearch {
  readonly workspaceId: string;
  readonly deviceId?: string;
  /** The column that says which codes are looked at. */
  readonly listed: 'live_at' | 'readable_at' | 'unmanaged_at' | 'pool_at';
  readonly pin: string;
}

/** The codes with exactly this PIN. Stored PINs can't be compared, so all are opened, some at a time. */
export async function codesWithPin(
  db: Kysely<CodesTables>,
  vault: Vault,
  { workspaceId, deviceId, listed, pin }: PinSearch,
): Promise<string[]> {
  if (!/^\d{3,20}$/.test(pin)) return [];
  const found: string[] = [];
  for (let after = ''; ;) {
    let query = db
      .selectFrom(CODES)
      .select(['code_id', 'state'])
      .where('workspace_id', '=', workspaceId)
      .where(listed, 'is not', null)
      .where('code_id', '>', after);
    if (deviceId !== undefined) query = query.where('device_id', '=', deviceId);
    const rows = await query.orderBy('code_id').limit(CHUNK).execute();
    const pins = await vault.openAll(rows.map((row) => (JSON.parse(row.state) as AccessCode).wanted.pin));
    rows.forEach((row, n) => pins[n] === pin && found.push(row.code_id));
    if (rows.length < CHUNK) return found;
    after = rows.at(-1)!.code_id;
  }
}
