import { contains, type DevicesTables } from '@latchkey/devices';
import type { Vault } from '@latchkey/platform';
import type { Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely';
import type { CodesTables } from './codes-projection';

/** As many values as one statement is given. */
const CHUNK = 1000;

/** Whether a row's name or id contains what is searched, or its PIN is just that. */
export function matches(
  eb: ExpressionBuilder<CodesTables & DevicesTables, 'codes_v2'>,
  search: string,
  withPin: readonly string[],
): Expression<SqlBool> {
  return eb.or([
    contains('search_name', search),
    contains('code_id', search),
    ...(withPin.length > 0 ? [eb('code_id', 'in', withPin)] : []),
  ]);
}

/**
 * The codes of a workspace whose PIN is exactly `search`. Fingerprints differ from device to device, so there is
 * one to look for on each.
 */
export async function codesWithPin(
  db: Kysely<CodesTables & DevicesTables>,
  vault: Vault,
  workspaceId: string,
  search: string,
): Promise<string[]> {
  if (!/^\d{3,20}$/.test(search)) return [];
  const devices = await db
    .selectFrom('devices_v2')
    .select('device_id')
    .where('workspace_id', '=', workspaceId)
    .execute();
  const fingerprints = devices.map((device) => vault.fingerprint(device.device_id, search));
  const found: string[] = [];
  for (let from = 0; from < fingerprints.length; from += CHUNK) {
    const rows = await db
      .selectFrom('codes_v2')
      .select('code_id')
      .where('pin_fingerprint', 'in', fingerprints.slice(from, from + CHUNK))
      .where('workspace_id', '=', workspaceId)
      .execute();
    found.push(...rows.map((row) => row.code_id));
  }
  return found;
}
