import { createHash } from 'node:crypto';
import { ApiError } from '../errors/api-error';

/** One page of a list, in the API's shape. */
export interface Page<T> {
  items: T[];
  pagination: Pagination;
}

export interface Pagination {
  has_next_page: boolean;
  /** Opaque: give it back, with the same filters, for the page that follows. */
  next_page_cursor: string | null;
  /** Filled in at the edge, which knows what was asked. */
  next_page_url: string | null;
}

/** What is asked for: so many items, from after a cursor. */
export interface PageRequest {
  /** From 1. */
  limit: number;
  cursor?: string;
}

/** Where a row stands in a list's order: a number that never changes, and its id to order equal ones. */
export interface RowKey {
  at: number;
  id: string;
}

/** Before every row. */
export const START: RowKey = { at: -1, id: '' };

/**
 * The row after which the page begins.
 * @param filters everything that the list is narrowed by, the workspace included
 * @throws ApiError 400 mismatched_page_parameters for a cursor of another list, invalid_input for none at all
 */
export function startOf({ cursor }: PageRequest, filters: object): RowKey {
  if (cursor === undefined) return START;
  const [fingerprint, at, id] = parse(cursor);
  if (fingerprint !== fingerprintOf(filters)) {
    throw ApiError.badRequest(
      'mismatched_page_parameters',
      'The page cursor belongs to a list with other parameters. Repeat the parameters of the first page.',
    );
  }
  return { at, id };
}

/**
 * Makes a page of rows that were read in order from after `startOf`, one more than the limit of them.
 */
export function pageOf<R, T>(
  rows: readonly R[],
  { limit }: PageRequest,
  filters: object,
  key: (row: R) => RowKey,
  present: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return {
    items: shown.map(present),
    pagination: {
      has_next_page: last !== undefined,
      next_page_cursor: last === undefined ? null : cursorAfter(key(last), filters),
      next_page_url: null,
    },
  };
}

/** A page without items, for a filter that nothing can match. */
export function emptyPage<T>(): Page<T> {
  return { items: [], pagination: { has_next_page: false, next_page_cursor: null, next_page_url: null } };
}

function cursorAfter({ at, id }: RowKey, filters: object): string {
  return Buffer.from(JSON.stringify([fingerprintOf(filters), at, id])).toString('base64url');
}

function parse(cursor: string): [string, number, string] {
  try {
    const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
    if (Array.isArray(parts) && parts.length === 3) {
      const [fingerprint, at, id] = parts as unknown[];
      if (typeof fingerprint === 'string' && Number.isSafeInteger(at) && isPlainId(id)) {
        return [fingerprint, at as number, id];
      }
    }
  } catch {
    // Reported below.
  }
  const message = 'is not a page cursor that this server gave out';
  throw ApiError.invalidInput(`page_cursor ${message}.`, { page_cursor: message });
}

const isPlainId = (id: unknown): id is string => typeof id === 'string' && /^[\w-]{0,100}$/.test(id);

/** Distinguishes two sets of filters; left out and undefined are the same, and so is any order of names. */
function fingerprintOf(filters: object): string {
  const named = Object.entries(filters).filter(([, value]) => value !== undefined);
  named.sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(named)).digest('base64url').slice(0, 16);
}
