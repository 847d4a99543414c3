import { between, type Database, inWindows, ParsedJson } from '@latchkey/database';
import { othersTurn, type Page, pageOf, type PageRequest, type RowKey, type Vault } from '@latchkey/platform';
import { sql } from 'kysely';
import type { AccessCode } from '../domain/access-code';
import { codesWithPin, matches } from './code-search';
import { CODES, type CodesTables } from './codes-projection';
import { hasLeft } from './left-codes';

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
  const inOrder = (from: RowKey, upTo?: RowKey) => {
    const query = db
      .selectFrom(CODES)
      .where(between({ at: listed, id: 'code_id' }, from, upTo))
      .orderBy(listed)
      .orderBy('code_id');
    // The device's own index is the shorter one; the expression keeps SQLite from taking the workspace's.
    return deviceId === undefined
      ? query.where('workspace_id', '=', workspaceId)
      : query.where('device_id', '=', deviceId).where(sql<boolean>`workspace_id || '' = ${workspaceId}`);
  };
  const withPin =
    search === undefined ? [] : await codesWithPin(db, vault, { workspaceId, deviceId, listed, pin: search });
  const read = (from: RowKey, upTo: RowKey | undefined, limit: number) => {
    const left = sql<number>`case when ${hasLeft(listed)} then 1 else 0 end`.as('has_left');
    let query = inOrder(from, upTo).select(['code_id', 'position', 'state', left]).limit(limit);
    if (accessCodeIds) query = query.where('code_id', 'in', [...new Set(accessCodeIds)]);
    if (commonCodeKey !== undefined) query = query.where('common_code_key', '=', commonCodeKey);
    if (search !== undefined)
      query = query.where((eb) => eb.and([matches(eb, search, withPin), eb.not(hasLeft(listed))]));
    return query.execute();
  };
  const most = page.limit + 1;
  const rows =
    search === undefined
      ? await thoseStillThere(after, most, (from, limit) => read(from, undefined, limit))
      : await inWindows(
          { after, limit: most },
          (from, far) =>
            inOrder(from)
              .select([sql<number>`${sql.ref(listed)}`.as('at'), 'code_id as id'])
              .offset(far - 1)
              .limit(1)
              .executeTakeFirst(),
          read,
        );
  return pageOf(rows, page, scope, (row) => ({ at: row.position, id: row.code_id }), codeOf);
}

/** At least so many rows are read at a time once some of them are passed over. */
const PASSED_OVER_AT_ONCE = 500;

interface Passed {
  readonly code_id: string;
  readonly position: number;
  readonly has_left: number;
}

/** The first rows of codes that have not left with their device: `most` of them, some read at a time. */
async function thoseStillThere<R extends Passed>(
  after: RowKey,
  most: number,
  read: (from: RowKey, limit: number) => Promise<readonly R[]>,
): Promise<R[]> {
  const found: R[] = [];
  for (let from = after, limit = most; ;) {
    const rows = await read(from, limit);
    for (const row of rows) if (row.has_left === 0) found.push(row);
    const last = rows.at(-1);
    if (!last || rows.length < limit || found.length >= most) return found.slice(0, most);
    from = { at: last.position, id: last.code_id };
    limit = Math.max(most, PASSED_OVER_AT_ONCE);
    await othersTurn();
  }
}

/** So many codes are kept parsed. */
const KEPT = 2_000;
const codes = new ParsedJson<AccessCode>(KEPT);

/** The code of a row. */
export const codeOf = (row: { readonly code_id: string; readonly state: string }): AccessCode =>
  codes.read(row.code_id, row.state);
