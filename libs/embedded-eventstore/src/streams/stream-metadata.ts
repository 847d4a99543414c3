import { BoundedCache } from '../storage/bounded-cache';
import { type EventLog } from '../storage/event-log';
import { type StoredEvent } from '../storage/stored-event';

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
  private readonly cache = new BoundedCache<string, { revision: number; metadata: StreamMetadata }>(20_000);

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

/** The metadata that makes a soft-deleted stream live again, its old events hidden. */
export function undeletedMetadata(raw: string, recreateFrom: number): Buffer | undefined {
  try {
    const metadata = JSON.parse(raw) as Record<string, unknown>;
    return Buffer.from(JSON.stringify({ ...metadata, $tb: recreateFrom }));
  } catch {
    return undefined;
  }
}

function parseMetadata(event: StoredEvent): StreamMetadata {
  let json: Record<string, unknown>;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(event.data).toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return NONE;
    json = parsed as Record<string, unknown>;
  } catch {
    return NONE;
  }
  const truncateBefore = count(json['$tb']);
  const isSoftDeleted = typeof json['$tb'] === 'number' && json['$tb'] > Number.MAX_SAFE_INTEGER;
  return {
    maxCount: positive(json['$maxCount']),
    maxAge: positive(json['$maxAge']),
    truncateBefore,
    isSoftDeleted,
    acl: parseAcl(json['$acl']),
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function positive(value: unknown): number | undefined {
  const number = count(value);
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
