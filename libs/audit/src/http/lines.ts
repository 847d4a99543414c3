import { Readable } from 'node:stream';
import { csvCell } from '@latchkey/platform';
import { StreamableFile } from '@nestjs/common';

/** The other formats of an answer, besides pages: one line for each item, to the end. */
export type LineFormat = 'jsonl' | 'csv';

const MEDIA_TYPES: Readonly<Record<LineFormat, string>> = {
  jsonl: 'application/jsonl; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
};

/** What the Accept header requests; undefined: pages. */
export function formatAsked(accept: string | undefined): LineFormat | undefined {
  if (accept === undefined) return undefined;
  if (/\bapplication\/(jsonl|x-ndjson)\b/i.test(accept)) return 'jsonl';
  return /\btext\/csv\b/i.test(accept) ? 'csv' : undefined;
}

/** A column of CSV: its name, and what stands in it. */
export type CsvColumn<T> = readonly [name: string, of: (row: T) => string];

/** Rows as lines. They come some at a time, and are read when the client takes them. */
export function streamed<T extends object>(
  format: LineFormat,
  rows: AsyncIterable<readonly T[]>,
  columns: readonly CsvColumn<T>[],
): StreamableFile {
  const lines = Readable.from(linesOf(format, rows, columns), { objectMode: false });
  return new StreamableFile(lines, { type: MEDIA_TYPES[format] });
}

async function* linesOf<T extends object>(
  format: LineFormat,
  rows: AsyncIterable<readonly T[]>,
  columns: readonly CsvColumn<T>[],
): AsyncGenerator<string> {
  const csvLine = (row: T) => `${columns.map(([, of]) => csvCell(of(row))).join(',')}\r\n`;
  const lineOf = format === 'csv' ? csvLine : (row: T) => `${JSON.stringify(row)}\n`;
  if (format === 'csv') yield `${columns.map(([name]) => name).join(',')}\r\n`;
  for await (const some of rows) if (some.length > 0) yield some.map(lineOf).join('');
}
