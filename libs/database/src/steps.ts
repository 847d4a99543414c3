import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Page, PageRequest, RowKey } from '@latchkey/platform';

/**
 * How many rows are read and shown at once. SQLite runs on the one thread that serves all requests, so longer lists are
 * read in steps, and other requests get a turn in between.
 */
export const STEP = 100;
/** How many rows are searched at once for those that a filter finds. */
const WINDOW = 500;

/**
 * A page as long as was asked for, put together from short ones.
 * @param read reads one of them; its cursors must hold for any limit
 * @param rows in each of them: more where a row costs little
 */
export async function inSteps<T>(
  page: PageRequest,
  read: (step: PageRequest) => Promise<Page<T>>,
  rows = STEP,
): Promise<Page<T>> {
  const items: T[] = [];
  for (let cursor = page.cursor; ;) {
    const left = page.limit - items.length;
    const step = await read({ limit: Math.min(left, rows), ...(cursor === undefined ? {} : { cursor }) });
    for (const item of step.items) items.push(item);
    const next = step.pagination.next_page_cursor;
    if (next === null || left <= rows) return { items, pagination: step.pagination };
    cursor = next;
    await nextTurn();
  }
}

/**
 * The first rows that a filter finds, at most `limit` of them, searching a window of rows at a time: a filter
 * that finds little would otherwise block the thread for the whole list.
 * @param after the key of the row before the first
 * @param endOf the key of the row that many rows further on; undefined where there are fewer
 * @param read what the filter finds after one key and up to another, in order
 */
export async function inWindows<R>(
  { after, limit }: { readonly after: RowKey; readonly limit: number },
  endOf: (after: RowKey, rows: number) => Promise<RowKey | undefined>,
  read: (after: RowKey, upTo: RowKey | undefined, limit: number) => Promise<readonly R[]>,
): Promise<R[]> {
  const found: R[] = [];
  for (let from = after; ;) {
    const upTo = await endOf(from, WINDOW);
    found.push(...(await read(from, upTo, limit - found.length)));
    if (upTo === undefined || found.length >= limit) return found;
    from = upTo;
    await nextTurn();
  }
}
