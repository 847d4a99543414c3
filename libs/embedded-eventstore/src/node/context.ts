import { type Gate } from '../access/gate';
import { type CommitQueue } from '../storage/commit-queue';
import { type EventLog } from '../storage/event-log';
import { type StreamMetadataReader } from '../streams/stream-metadata';
import { type StreamReader } from '../streams/stream-reader';
import { type StreamWriter } from '../streams/stream-writer';

/** The parts of a running node that its services share. */
export interface NodeContext {
  readonly log: EventLog;
  readonly commits: CommitQueue;
  readonly metadata: StreamMetadataReader;
  readonly reader: StreamReader;
  readonly writer: StreamWriter;
  readonly gate: Gate;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  /** Largest append, bytes of data. */
  readonly maxAppendSize: number;
  /** Told of faults of the node itself; never of a client's. */
  readonly report: (error: unknown) => void;
}
