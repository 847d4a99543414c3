import { type Gate } from '../access/caller';
import { type CommitQueue } from '../storage/commit-queue';
import { type EventLog } from '../storage/event-log';
import { type StreamMetadataReader } from './stream-metadata';
import { type StreamReader } from './stream-reader';
import { type StreamWriter } from './stream-writer';

/** The parts of a running node that all its services share. */
export interface NodeParts {
  readonly log: EventLog;
  readonly commits: CommitQueue;
  readonly metadata: StreamMetadataReader;
  readonly reader: StreamReader;
  readonly writer: StreamWriter;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  /** Largest append, bytes of data. */
  readonly maxAppendSize: number;
  /** Told of faults of the node itself; never of a client's. */
  readonly report: (error: unknown) => void;
}

/** What the services of one way into a node work with. */
export interface NodeContext extends NodeParts {
  readonly gate: Gate;
}
