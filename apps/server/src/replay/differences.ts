import { columnsOf, type Engine, primaryKeyOf } from '@latchkey/database';
import type { Tables } from '@latchkey/event-sourcing';
import { isSecretName } from '@latchkey/platform';
import { type Kysely, type RawBuilder, sql } from 'kysely';

/** How many differing rows of a table are looked at one by one; more are counted. */
const ROWS_SHOWN = 1_000;
const VALUE_AT_MOST = 200;
/** Tables that events are only added to have an index of it that is made last, and no key: those cost more. */
const EVENT_KEY = 'event_id';
const HIDDEN = '[hidden]';

/** What a row of a view is, and what the facts make of it. */
export interface Difference {
  readonly view: string;
  readonly table: string;
  readonly key: string;
  /** With the path in it, where it holds JSON; null: of the whole row. */
  readonly column: string | null;
  readonly expected: string;
  readonly found: string;
}

/** A table of a view as two schemas have it: as it is read, and folded again. */
export interface ComparedTable {
  readonly name: string;
  readonly key: readonly string[];
  /** The columns that come of events alone, the key's apart. */
  readonly columns: readonly string[];
  /** All columns. */
  readonly all: readonly string[];
}

/** How a table is compared; two that differ in their keys alone, since versions of the server made them, alike. */
export async function comparedTable(
  db: Kysely<Tables>,
  engine: Engine,
  name: string,
  besidesEvents: Readonly<Record<string, readonly string[] | 'all'>>,
): Promise<ComparedTable> {
  const all = await columnsOf(db, engine, name);
  const declared = await primaryKeyOf(db, engine, name);
  // Where each row is one event's, it is found by that. Other tables without a key are sets: each row is its own key.
  const undeclared = all.includes(EVENT_KEY) ? [EVENT_KEY] : all;
  const key = declared.length > 0 ? declared : undeclared;
  const apart = [...key, ...((besidesEvents[name] as readonly string[] | undefined) ?? [])];
  return { name, key, columns: all.filter((column) => !apart.includes(column)), all };
}

/** Two schemas that one connection reaches, by their names. */
export interface Sides {
  readonly fresh: string;
  readonly live: string;
}

type Row = Record<string, unknown>;

/** A row that differs: as it is folded again, and as it is read; null where it is not there. */
export interface DifferingRow {
  readonly key: string;
  readonly fresh: Row | null;
  readonly live: Row | null;
}

/** Rows that differ, the first of them, and how many there are. */
export async function differingRows(
  db: Kysely<Tables>,
  { name, key, columns }: ComparedTable,
  { fresh, live }: Sides,
  mustBeThere: RawBuilder<boolean> | undefined,
): Promise<{ readonly rows: readonly DifferingRow[]; readonly count: number }> {
  const [a, b] = ['f', 'l'];
  const sameKey = joined(
    key.map((column) => sql`${sql.id(a, column)} = ${sql.id(b, column)}`),
    ' and ',
  );
  const differs = joined(
    [
      ...columns.map((column) => sql`${sql.id(a, column)} is distinct from ${sql.id(b, column)}`),
      sql`${sql.id(b, key[0]!)} is null`,
      sql`${sql.id(a, key[0]!)} is null`,
    ],
    ' or ',
  );
  const allowed = mustBeThere ? sql`and (${sql.id(b, key[0]!)} is not null or ${mustBeThere})` : sql``;
  const from = sql`from ${sql.id(fresh, name)} as f full join ${sql.id(live, name)} as l on ${sameKey}
    where (${differs}) ${allowed}`;
  const shown = [...key, ...columns];
  const selected = joined(
    [a, b].flatMap((side) => shown.map((c) => sql`${sql.id(side, c)} as ${sql.id(`${side}_${c}`)}`)),
    ', ',
  );
  const { rows } = await sql<Row>`select ${selected} ${from} limit ${ROWS_SHOWN + 1}`.execute(db);
  const of = (row: Row, side: string): Row | null =>
    row[`${side}_${key[0]!}`] === null
      ? null
      : Object.fromEntries(shown.map((c) => [c, row[`${side}_${c}`]]));
  const found = rows.slice(0, ROWS_SHOWN).map((row): DifferingRow => {
    const [inFresh, inLive] = [of(row, a), of(row, b)];
    const keyed = (inFresh ?? inLive)!;
    return { key: key.map((c) => shownAs(c, keyed[c])).join('/'), fresh: inFresh, live: inLive };
  });
  if (rows.length <= ROWS_SHOWN) return { rows: found, count: found.length };
  const counted = await sql<{ n: number }>`select count(*) as n ${from}`.execute(db);
  return { rows: found, count: Number(counted.rows[0]!.n) };
}

const joined = (parts: readonly RawBuilder<unknown>[], by: string): RawBuilder<unknown> =>
  sql.join([...parts], sql.raw(by));

/** What differs in a row, column by column. */
export function* differencesOf(view: string, table: string, row: DifferingRow): Iterable<Difference> {
  const { key, fresh, live } = row;
  if (!fresh || !live) {
    const there = (side: Row | null): string => (side ? 'a row' : 'no row');
    yield { view, table, key, column: null, expected: there(fresh), found: there(live) };
    return;
  }
  for (const column of Object.keys(fresh)) {
    if (fresh[column] === live[column]) continue;
    for (const { path, expected, found } of parted(column, fresh[column], live[column])) {
      yield { view, table, key, column: path, expected, found };
    }
  }
}

interface Parted {
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

/** Two values that differ; of JSON the parts of it that do. */
function* parted(path: string, expected: unknown, found: unknown): Iterable<Parted> {
  const [a, b] = [objectOf(expected), objectOf(found)];
  if (a && b) {
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (JSON.stringify(a[name]) !== JSON.stringify(b[name]))
        yield* parted(`${path}.${name}`, a[name], b[name]);
    }
    return;
  }
  const name = path.slice(path.lastIndexOf('.') + 1);
  yield { path, expected: shownAs(name, expected), found: shownAs(name, found) };
}

/** JSON text in a column, or a part of it. */
function objectOf(value: unknown): Row | undefined {
  if (typeof value === 'object' && value !== null) return value as Row;
  if (typeof value !== 'string' || !value.startsWith('{')) return undefined;
  try {
    return JSON.parse(value) as Row;
  } catch {
    return undefined;
  }
}

/** Nothing of a PIN is shown, sealed or not. */
function shownAs(name: string, value: unknown): string {
  if (value === undefined) return 'nothing';
  if (/pin/i.test(name) || isSecretName(name)) return HIDDEN;
  const text = typeof value === 'string' ? value : JSON.stringify(value, hidden);
  return text.length > VALUE_AT_MOST ? `${text.slice(0, VALUE_AT_MOST)}…` : text;
}

const hidden = (name: string, value: unknown): unknown =>
  name !== '' && value !== null && (/pin/i.test(name) || isSecretName(name)) ? HIDDEN : value;
