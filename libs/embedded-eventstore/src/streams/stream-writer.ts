import { randomUUID } from 'node:crypto';
import { uuidBytes } from '@latchkey/eventstore-wire';
import { type EventLog } from '../storage/event-log';
import { type StreamHead, isTombstoned } from '../storage/stream-table';
import { type ProposedEvent } from '../storage/stored-event';
import { type ExpectedRevision } from './expected-revision';
import {
  type StreamMetadataReader,
  isMetastream,
  metastreamOf,
  originalOf,
  softDeletedMetadata,
  undeletedMetadata,
} from './stream-metadata';

/** What became of an append or a delete. A revision of -1 means that the stream has none. */
export type WriteOutcome =
  | { readonly kind: 'written'; readonly lastRevision: number; readonly position: number | undefined }
  | { readonly kind: 'wrong-expected-revision'; readonly currentRevision: number }
  | { readonly kind: 'stream-deleted' };

type Decision =
  | { readonly kind: 'write'; readonly undelete: boolean }
  | { readonly kind: 'repeated'; readonly lastRevision: number; readonly position: number | undefined }
  | { readonly kind: 'refused'; readonly outcome: WriteOutcome };

const NO_BYTES = new Uint8Array(0);

/** Appends and deletes as EventStoreDB decides them. Every method runs inside the log's transaction. */
export class StreamWriter {
  constructor(
    private readonly log: EventLog,
    private readonly metadata: StreamMetadataReader,
  ) {}

  append(stream: string, expected: ExpectedRevision, events: readonly ProposedEvent[]): WriteOutcome {
    const decision = this.decide(stream, expected, events);
    if (decision.kind === 'refused') return decision.outcome;
    if (decision.kind === 'repeated') return { ...decision, kind: 'written' };
    if (events.length === 0) return { kind: 'written', lastRevision: -1, position: this.log.lastPosition };
    const undeletesOriginal = isMetastream(stream) && this.metadata.of(originalOf(stream)).isSoftDeleted;
    const recreateFrom = this.currentRevision(stream) + 1;
    const stored = this.log.append(stream, events);
    if (decision.undelete) this.undelete(stream, recreateFrom);
    if (undeletesOriginal) this.undelete(originalOf(stream), this.currentRevision(originalOf(stream)) + 1);
    return {
      kind: 'written',
      lastRevision: recreateFrom - 1 + events.length,
      position: stored.at(-1)!.position,
    };
  }

  /** Soft delete: the stream reads as absent and may be written to again. */
  softDelete(stream: string, expected: ExpectedRevision): WriteOutcome {
    const deletion = metadataEvent(softDeletedMetadata());
    const decision = this.decide(stream, expected, [deletion]);
    if (decision.kind === 'refused') return decision.outcome;
    const metastream = metastreamOf(stream);
    if (this.currentRevision(stream) < 0 && this.currentRevision(metastream) < 0) {
      return { kind: 'wrong-expected-revision', currentRevision: -1 };
    }
    const [stored] = this.log.append(metastream, [deletion]);
    return { kind: 'written', lastRevision: this.currentRevision(stream), position: stored!.position };
  }

  /** Hard delete: the stream can never be written to again. */
  tombstone(stream: string, expected: ExpectedRevision): WriteOutcome {
    const tombstone: ProposedEvent = {
      id: uuidBytes(randomUUID()),
      type: '$streamDeleted',
      isJson: false,
      data: NO_BYTES,
      metadata: NO_BYTES,
    };
    const decision = this.decide(stream, expected, [tombstone]);
    if (decision.kind === 'refused') return decision.outcome;
    const stored = this.log.appendTombstone(stream, tombstone);
    return { kind: 'written', lastRevision: stored.revision, position: stored.position };
  }

  private decide(stream: string, expected: ExpectedRevision, events: readonly ProposedEvent[]): Decision {
    const head = this.log.head(stream);
    const current = head?.lastRevision ?? -1;
    const original = isMetastream(stream) ? this.log.head(originalOf(stream)) : undefined;
    if (isTombstoned(head) || isTombstoned(original)) return refused({ kind: 'stream-deleted' });

    const softDeleted = this.metadata.of(stream).isSoftDeleted;
    if (expected === 'stream_exists') {
      if (softDeleted) return refused({ kind: 'stream-deleted' });
      const hasMetadata = this.currentRevision(metastreamOf(stream)) >= 0;
      if (current < 0 && !hasMetadata) return wrongExpectedRevision(current);
    }
    if (expected === 'any' || expected === 'stream_exists') {
      return this.decideByIds(head, events, softDeleted);
    }
    if (typeof expected === 'bigint') return wrongExpectedRevision(current);
    const revision = expected === 'no_stream' ? -1 : expected;
    if (revision > current) return wrongExpectedRevision(current);
    if (revision === current) return { kind: 'write', undelete: softDeleted };
    return this.decideByRevisions(head!, revision, events, expected === 'no_stream' && softDeleted);
  }

  /** Without a revision to go by, events are known by their ids alone. */
  private decideByIds(
    head: StreamHead | undefined,
    events: readonly ProposedEvent[],
    softDeleted: boolean,
  ): Decision {
    let last;
    for (const [index, event] of events.entries()) {
      const known = head && this.log.ofId(head, event.id);
      if (!known && index === 0) return { kind: 'write', undelete: softDeleted };
      // Some of them were written before and some were not: neither a repeat nor a new append.
      if (!known) return wrongExpectedRevision(head?.lastRevision ?? -1);
      last = known;
    }
    if (!last) return { kind: 'write', undelete: softDeleted };
    return { kind: 'repeated', lastRevision: last.revision, position: last.position };
  }

  /** The stream has moved on: a repeat if exactly these events follow the expected revision. */
  private decideByRevisions(
    head: StreamHead,
    expected: number,
    events: readonly ProposedEvent[],
    mayRecreate: boolean,
  ): Decision {
    let last;
    for (const [index, event] of events.entries()) {
      const known = this.log.ofRevision(head, expected + 1 + index);
      if (known && Buffer.compare(known.id, event.id) === 0) {
        last = known;
        continue;
      }
      if (index === 0 && mayRecreate) return { kind: 'write', undelete: true };
      return wrongExpectedRevision(head.lastRevision);
    }
    if (!last) return wrongExpectedRevision(head.lastRevision);
    return { kind: 'repeated', lastRevision: last.revision, position: last.position };
  }

  private undelete(stream: string, recreateFrom: number): void {
    const raw = this.metadata.rawOf(stream);
    const modified = raw === undefined ? undefined : undeletedMetadata(raw, recreateFrom);
    if (modified) this.log.append(metastreamOf(stream), [metadataEvent(modified)]);
  }

  private currentRevision(stream: string): number {
    return this.log.head(stream)?.lastRevision ?? -1;
  }
}

/** An event that sets the metadata of a stream. */
export function metadataEvent(data: Uint8Array): ProposedEvent {
  return { id: uuidBytes(randomUUID()), type: '$metadata', isJson: true, data, metadata: NO_BYTES };
}

function refused(outcome: WriteOutcome): Decision {
  return { kind: 'refused', outcome };
}

function wrongExpectedRevision(currentRevision: number): Decision {
  return refused({ kind: 'wrong-expected-revision', currentRevision });
}
