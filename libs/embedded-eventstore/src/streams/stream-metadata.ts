import { LRUCache } from 'lru-cache';
import { type EventLog } from '../storage/event-log';
import { type StoredEvent } from '../storage/stored-event';
import { LARGEST_INT64 } from './expected-revision';
import { jsonMembers, withMember } from './json-members';

/** `$tb` of a soft-deleted stream: the largest int64. */
const DELETED = '9223372036854775807';

/** Who may do what with a stream; undefined where the default applies. */
export interface StreamAcl {
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  readonly delete?: readonly string[];
  readonly metaRead?: readonly string[];
  readonly metaWrite?: readonly string[];
}

/** The metadata of a stream that the node itself acts on. */
export interface StreamMetadata {
  readonly maxCount?: number;
  /** Seconds. */
  readonly maxAge?: number;
  readonly truncateBefore?: number;
  /** Deleted, though it may be written to again. */
  readonly isSoftDeleted: boolean;
  readonly acl?: StreamAcl;
}

const NONE: StreamMetadata = { isSoftDeleted: false };

export const METASTREAM_PREFIX = '$$';

export function isMetastream(stream: string): boolean {
  return stream.startsWith(METASTREAM_PREFIX);
}

export function metastreamOf(stream: string): string {
  return METASTREAM_PREFIX + stream;
}

export function originalOf(metastream: string): string {
  return metastream.slice(METASTREAM_PREFIX.length);
}

/** The metadata of every stream, folded from the newest event of its metastream. */
export class StreamMetadataReader {
  private readonly cache = new LRUCache<string, { revision: number; metadata: StreamMetadata }>({
    max: 20_000,
  });

  constructor(private readonly log: EventLog) {
    log.onRollback(() => this.cache.clear());
  }

  /** A metastream keeps its newest event only, and has no metadata of its own. */
  of(stream: string): StreamMetadata {
    if (isMetastream(stream)) return { maxCount: 1, isSoftDeleted: false };
    const head = this.log.head(metastreamOf(stream));
    if (!head || head.lastRevision < 0) return NONE;
    const cached = this.cache.get(stream);
    if (cached?.revision === head.lastRevision) return cached.metadata;
    const event = this.log.ofRevision(head, head.lastRevision);
    const metadata = event ? parseMetadata(event) : NONE;
    this.cache.set(stream, { revision: head.lastRevision, metadata });
    return metadata;
  }

  /** The newest metadata as it was written, or undefined when there is none. */
  rawOf(stream: string): string | undefined {
    const head = this.log.head(metastreamOf(stream));
    if (!head || head.lastRevision < 0) return undefined;
    const event = this.log.ofRevision(head, head.lastRevision);
    return event && Buffer.from(event.data).toString('utf8');
  }
}

/** The metadata a soft delete writes. */
export function softDeletedMetadata(): Buffer {
  return Buffer.from(`{"$tb":${DELETED}}`);
}

/** The metadata that makes a soft-deleted stream live again, its old events hidden, and all else as it was written. */
export function undeletedMetadata(raw: string, recreateFrom: number): Buffer | undefined {
  try {
    JSON.parse(raw);
    return Buffer.from(withMember(raw, '$tb', String(recreateFrom)));
  } catch {
    return undefined;
  }
}

function parseMetadata(event: StoredEvent): StreamMetadata {
  const text = Buffer.from(event.data).toString('utf8');
  let json: Record<string, unknown>;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return NONE;
    json = parsed as Record<string, unknown>;
  } catch {
    return NONE;
  }
  const written = new Map(jsonMembers(text).map(({ key, value }) => [key, value]));
  const truncateBefore = count(written.get('$tb'));
  const isSoftDeleted = written.get('$tb') === DELETED;
  return {
    maxCount: positive(written.get('$maxCount')),
    maxAge: positive(written.get('$maxAge')),
    truncateBefore: isSoftDeleted ? undefined : truncateBefore,
    isSoftDeleted,
    acl: parseAcl(json['$acl']),
  };
}

/**
 * @param written the number as it stands in the metadata; as on a real server only an int64 without a fraction counts
 * @returns at most the largest number that JavaScript counts exactly, which lies beyond every event
 */
function count(written: string | undefined): number | undefined {
  if (written === undefined || !/^\d{1,19}$/.test(written) || BigInt(written) > LARGEST_INT64)
    return undefined;
  return Math.min(Number(written), Number.MAX_SAFE_INTEGER);
}

function positive(written: string | undefined): number | undefined {
  const number = count(written);
  return number === 0 ? undefined : number;
}

export function parseAcl(value: unknown): StreamAcl | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const acl = value as Record<string, unknown>;
  return {
    read: roles(acl['$r']),
    write: roles(acl['$w']),
    delete: roles(acl['$d']),
    metaRead: roles(acl['$mr']),
    metaWrite: roles(acl['$mw']),
  };
}

function roles(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.filter((role): role is string => typeof role === 'string');
  return undefined;
}
