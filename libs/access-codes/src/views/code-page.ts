import { between, type Database, inWindows, ParsedJson, type Prepared, prepared } from '@latchkey/database';
import { type DevicesTables, readDevices } from '@latchkey/devices';
import { othersTurn, type Page, pageOf, type PageRequest, type RowKey, type Vault } from '@latchkey/platform';
import { type Kysely, sql } from 'kysely';
import type { AccessCode } from '../domain/access-code';
import { codesWithPin, matches } from './code-search';
import { CODES, type CodesTables } from './codes-projection';
import { hasLeft, leftWith } from './left-codes';

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

type Listed = WantedCodes['listed'];
type Row = Pick<CodesTables[typeof CODES], 'code_id' | 'position' | 'live_at' | 'state'>;

/** Whose codes, and between which. */
interface Range {
  readonly workspaceId: string;
  readonly deviceId?: string | undefined;
  readonly from: RowKey;
  readonly upTo?: RowKey | undefined;
}

function inOrder(db: Kysely<CodesTables>, listed: Listed, { workspaceId, deviceId, from, upTo }: Range) {
  const query = db
    .selectFrom(CODES)
    .where(between({ at: listed, id: 'code_id' }, from, upTo))
    .orderBy(listed)
    .orderBy('code_id');
  // The device's own index is the shorter one; the expression keeps SQLite from taking the workspace's.
  return deviceId === undefined
    ? query.where('workspace_id', '=', workspaceId)
    : query.where('device_id', '=', deviceId).where(sql<boolean>`workspace_id || '' = ${workspaceId}`);
}

function rowsInOrder(db: Kysely<CodesTables>, listed: Listed, range: Range) {
  return inOrder(db, listed, range).select(['code_id', 'position', 'live_at', 'state']);
}

interface WholeList {
  readonly workspaceId: string;
  readonly deviceId: string;
  readonly at: number;
  readonly id: string;
  readonly limit: number;
}

const wholeList = (listed: Listed, isOfDevice: boolean): Prepared<CodesTables, WholeList, Row> =>
  prepared((db, { workspaceId, deviceId, at, id, limit }) => {
    const from = { at, id };
    const range = isOfDevice ? { workspaceId, deviceId, from } : { workspaceId, from };
    return rowsInOrder(db, listed, range).limit(limit);
  });

const listedOf = (isOfDevice: boolean): Readonly<Record<Listed, Prepared<CodesTables, WholeList, Row>>> => ({
  live_at: wholeList('live_at', isOfDevice),
  readable_at: wholeList('readable_at', isOfDevice),
  unmanaged_at: wholeList('unmanaged_at', isOfDevice),
});

/** The most common lists: all codes of a workspace, or of a device. */
const ALL = { ofWorkspace: listedOf(false), ofDevice: listedOf(true) };

/** A page of codes, in the order in which they came. */
export async function codePage(
  views: Database<CodesTables & DevicesTables>,
  vault: Vault,
  { listed, workspaceId, deviceId, accessCodeIds, commonCodeKey, search }: WantedCodes,
  { page, scope, after }: Place,
): Promise<Page<AccessCode>> {
  const db = views.db as Kysely<CodesTables>;
  const isFiltered = accessCodeIds !== undefined || commonCodeKey !== undefined || search !== undefined;
  const withPin =
    search === undefined ? [] : await codesWithPin(db, vault, { workspaceId, deviceId, listed, pin: search });
  const read = (from: RowKey, upTo: RowKey | undefined, limit: number) => {
    if (!isFiltered) {
      const { [listed]: all } = deviceId === undefined ? ALL.ofWorkspace : ALL.ofDevice;
      return all.rows(db, { workspaceId, deviceId: deviceId ?? '', ...from, limit });
    }
    let query = rowsInOrder(db, listed, { workspaceId, deviceId, from, upTo }).limit(limit);
    if (accessCodeIds) query = query.where('code_id', 'in', [...new Set(accessCodeIds)]);
    if (commonCodeKey !== undefined) query = query.where('common_code_key', '=', commonCodeKey);
    if (search !== undefined)
      query = query.where((eb) => eb.and([matches(eb, search, withPin), eb.not(hasLeft(listed))]));
    return query.execute();
  };
  const most = page.limit + 1;
  const rows =
    search === undefined
      ? await thoseStillThere(after, most, {
          read: (from, limit) => read(from, undefined, limit),
          gone: (rows) => goneWith(views, rows, listed),
        })
      : await inWindows(
          { after, limit: most },
          (from, far) =>
            inOrder(db, listed, { workspaceId, deviceId, from })
              .select([sql<number>`${sql.ref(listed)}`.as('at'), 'code_id as id'])
              .offset(far - 1)
              .limit(1)
              .executeTakeFirst(),
          read,
        );
  return pageOf(rows, page, scope, (row) => ({ at: row.position, id: row.code_id }), codeOf);
}

/** How many rows at least are read at a time once some of them are passed over. */
const PASSED_OVER_AT_ONCE = 500;

/** Those that left with their devices. */
async function goneWith(
  views: Database<CodesTables & DevicesTables>,
  rows: readonly Row[],
  listed: Listed,
): Promise<ReadonlySet<Row>> {
  const devices = await readDevices(
    views,
    rows.map((row) => codeOf(row).deviceId),
  );
  const isOver = ({ live_at }: Row) => listed === 'readable_at' && live_at === null;
  return new Set(rows.filter((row) => leftWith(devices.get(codeOf(row).deviceId), listed, isOver(row))));
}

/** The first rows of codes that have not left with their device: `most` of them, some read at a time. */
async function thoseStillThere(
  after: RowKey,
  most: number,
  {
    read,
    gone,
  }: {
    readonly read: (from: RowKey, limit: number) => Promise<readonly Row[]>;
    readonly gone: (rows: readonly Row[]) => Promise<ReadonlySet<Row>>;
  },
): Promise<Row[]> {
  const found: Row[] = [];
  for (let from = after, limit = most; ;) {
    const rows = await read(from, limit);
    const left = await gone(rows);
    for (const row of rows) if (!left.has(row)) found.push(row);
    const last = rows.at(-1);
    if (!last || rows.length < limit || found.length >= most) return found.slice(0, most);
    from = { at: last.position, id: last.code_id };
    limit = Math.max(most, PASSED_OVER_AT_ONCE);
    await othersTurn();
  }
}

/** How many codes are kept parsed. */
const KEPT = 2_000;
const codes = new ParsedJson<AccessCode>(KEPT);

/** The code of a row. */
export const codeOf = (row: { readonly code_id: string; readonly state: string }): AccessCode =>
  codes.read(row.code_id, row.state);
