import type { Page, PageRequest } from '@latchkey/platform';
import { csvCell } from '@latchkey/platform';
import { type Print, Refusal } from './command-line';

/** How rows are shown: a table for people, JSON lines or CSV for programs. */
export type Format = 'table' | 'json' | 'csv';

/** @param options what was given of --json and --csv */
export function formatOf({ json, csv }: { readonly json?: boolean; readonly csv?: boolean }): Format {
  if (json && csv) throw new Refusal('Say --json or --csv.');
  return json ? 'json' : csv ? 'csv' : 'table';
}

/** A column: its name, and what stands in it for a person and in CSV. */
export interface Column<T> {
  readonly name: string;
  readonly of: (row: T) => string;
}

/** All items of a list, read a page of `limit` at a time. */
export async function* allOf<T, R>(
  pages: (page: PageRequest) => Promise<Page<T>>,
  present: (item: T) => R,
  limit: number,
): AsyncIterable<R> {
  for (let cursor: string | null | undefined; cursor !== null;) {
    const { items, pagination }: Page<T> = await pages({
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const item of items) yield present(item);
    cursor = pagination.next_page_cursor;
  }
}

/** What is told of each item as they come, some at a time. */
export async function* shown<T, R>(
  items: AsyncIterable<readonly T[]>,
  present: (item: T) => R,
): AsyncIterable<R> {
  for await (const some of items) for (const item of some) yield present(item);
}

// eslint-disable-next-line @typescript-eslint/require-await
export async function* each<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}

/** Rows of tables are laid out over so many at a time, so that a long list is shown as it comes. */
const ROWS_TOGETHER = 200;

/** Shows rows as they come. JSON holds all of a row, table and CSV the columns. @returns how many there were */
export async function showRows<T extends object>(
  rows: AsyncIterable<T>,
  columns: readonly Column<T>[],
  format: Format,
  print: Print,
): Promise<number> {
  let shown = 0;
  let waiting: string[][] = [];
  const header = columns.map(({ name }) => name);
  if (format === 'csv') print(header.map(csvCell).join(','));
  const flush = () => {
    for (const line of laidOut(shown === waiting.length ? [header, ...waiting] : waiting)) print(line);
    waiting = [];
  };
  for await (const row of rows) {
    shown++;
    if (format === 'json') print(JSON.stringify(row));
    else {
      const cells = columns.map(({ of }) => of(row));
      if (format === 'csv') print(cells.map(csvCell).join(','));
      else waiting.push(cells);
    }
    if (waiting.length >= ROWS_TOGETHER) flush();
  }
  if (waiting.length > 0) flush();
  return shown;
}

/** Columns as wide as their widest cell. */
function laidOut(lines: readonly (readonly string[])[]): string[] {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

/** Shows one thing: a line of JSON, CSV with its one row, or a line for each of its columns. */
export function showOne<T extends object>(
  row: T,
  columns: readonly Column<T>[],
  format: Format,
  print: Print,
): void {
  if (format === 'json') return print(JSON.stringify(row));
  if (format === 'csv') {
    print(columns.map(({ name }) => csvCell(name)).join(','));
    return print(columns.map(({ of }) => csvCell(of(row))).join(','));
  }
  const width = Math.max(...columns.map(({ name }) => name.length));
  for (const { name, of } of columns) print(`${name.padEnd(width)}  ${of(row)}`.trimEnd());
}
