import { type Database, preparedIn } from '@latchkey/database';
import { type DevicesTables, readDevices } from '@latchkey/devices';
import type { AccessCode } from '../domain/access-code';
import { codeOf } from './code-page';
import { CODES, type CodesTables } from './codes-projection';
import { keptCodes, type ViewedCode } from './kept-codes';
import { leftWith } from './left-codes';

type Row = Omit<ViewedCode, 'code'> & { readonly code_id: string; readonly state: string };

const byIds = preparedIn<CodesTables, object, Row>((db, _, ids) =>
  db
    .selectFrom(CODES)
    .select(['code_id', 'live_at', 'readable_at', 'pool_at', 'state'])
    .where('code_id', 'in', ids),
);

/**
 * The codes of a workspace by their ids, as far as they can be read.
 * @param listed the column by which the workspace's codes are listed
 */
export async function readCodes(
  views: Database<CodesTables & DevicesTables>,
  ids: readonly string[],
  { workspaceId, listed }: { readonly workspaceId: string; readonly listed: 'live_at' | 'readable_at' },
): Promise<AccessCode[]> {
  const found = await keptCodes.of(views).getAll(ids, async (missing) => {
    const rows = await byIds.rows(views.db, {}, missing);
    return new Map(rows.map((row) => [row.code_id, { ...row, code: codeOf(row) }]));
  });
  const there = [...found.values()].filter(
    (row) => row.code.workspaceId === workspaceId && (row[listed] !== null || row.pool_at !== null),
  );
  const devices = await readDevices(
    views,
    there.map(({ code }) => code.deviceId),
  );
  const isOver = ({ live_at, readable_at }: ViewedCode) => readable_at !== null && live_at === null;
  return there
    .filter((row) => !leftWith(devices.get(row.code.deviceId), listed, isOver(row)))
    .map(({ code }) => code);
}
