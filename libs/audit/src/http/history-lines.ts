import { Readable } from 'node:stream';
import { csvCell, type Page } from '@latchkey/platform';
import { StreamableFile } from '@nestjs/common';
import type { AuditEntry } from '../domain/entry';
import { type KeyNames, presentEntry } from './present';

/** The other format of a history, besides pages: one line for each fact, to the end. */
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

/**
 * A history as lines, from its first page on. One page is in memory at a time; the next is read when the client takes
 * it.
 */
export function streamed(
  format: LineFormat,
  first: Page<AuditEntry>,
  next: (cursor: string) => Promise<Page<AuditEntry>>,
  names: KeyNames,
): StreamableFile {
  const lines = Readable.from(linesOf(format, first, next, names), { objectMode: false });
  return new StreamableFile(lines, { type: MEDIA_TYPES[format] });
}

async function* linesOf(
  format: LineFormat,
  first: Page<AuditEntry>,
  next: (cursor: string) => Promise<Page<AuditEntry>>,
  names: KeyNames,
): AsyncGenerator<string> {
  if (format === 'csv') yield `${COLUMNS.map(([name]) => name).join(',')}\r\n`;
  const lineOf = (entry: Entry) => (format === 'csv' ? csvLine(entry) : `${JSON.stringify(entry)}\n`);
  for (let page = first; ;) {
    if (page.items.length > 0) yield page.items.map((entry) => lineOf(presentEntry(entry, names))).join('');
    const cursor = page.pagination.next_page_cursor;
    if (cursor === null) return;
    page = await next(cursor);
  }
}

type Entry = ReturnType<typeof presentEntry>;

const text = (value: string | undefined): string => value ?? '';

const COLUMNS: readonly (readonly [string, (entry: Entry) => string])[] = [
  ['occurred_at', (entry) => entry.occurred_at],
  ['recorded_at', (entry) => entry.recorded_at],
  ['event_type', (entry) => entry.event_type],
  ['event_id', (entry) => entry.event_id],
  ['actor_type', ({ actor }) => actor.type],
  ['actor_id', ({ actor }) => text(actor.id)],
  ['actor_name', ({ actor }) => ('name' in actor ? actor.name : '')],
  ['request_id', (entry) => entry.request_id],
  ['caused_by', (entry) => entry.caused_by],
  ['access_code_id', (entry) => text(entry.access_code_id)],
  ['device_id', (entry) => text(entry.device_id)],
  ['connected_account_id', (entry) => text(entry.connected_account_id)],
  ['action_attempt_id', (entry) => text(entry.action_attempt_id)],
  ['connect_webview_id', (entry) => text(entry.connect_webview_id)],
  ['detail', (entry) => JSON.stringify(entry.detail)],
];

const csvLine = (entry: Entry): string => `${COLUMNS.map(([, of]) => csvCell(of(entry))).join(',')}\r\n`;
