import { ALL_STREAM } from '../access/caller';
import { type EventLog } from '../storage/event-log';
import { type StoredEvent } from '../storage/stored-event';
import { compileExpression, type EventFilter } from '../streams/event-filter';
import { MATCH_ALL } from '../streams/read-request';
import { type StreamReader } from '../streams/stream-reader';
import { type FilterDefinition } from './group-settings';

/** Where a group's events come from. A place is a revision in a stream or a position in `$all`. */
export interface EventSource {
  readonly stream: string;
  readonly filter: EventFilter;
  /** The place that precedes every event. */
  readonly origin: number;
  /** The place of the newest event. */
  end(): number;
  placeOf(event: StoredEvent): number;
  /** Up to `limit` events beyond `place`, in order, wanted or not. */
  after(place: number, limit: number): StoredEvent[];
  /** A place as it stands in checkpoints and in what clients are told. */
  format(place: number): string;
  parse(text: string): number | undefined;
  onChange(listener: () => void): () => void;
}

export function streamSource(log: EventLog, reader: StreamReader, stream: string): EventSource {
  return {
    stream,
    filter: MATCH_ALL,
    origin: -1,
    end: () => log.head(stream)?.lastRevision ?? -1,
    placeOf: (event) => event.revision,
    after: (place, limit) => {
      const view = reader.view(stream);
      return view.kind === 'present' ? reader.forwards(view, place + 1, limit) : [];
    },
    format: String,
    parse: (text) => {
      const revision = Number(text);
      return text !== '' && Number.isSafeInteger(revision) ? revision : undefined;
    },
    onChange: (listener) => log.changes.onStream(stream, listener),
  };
}

export function allSource(log: EventLog, filter: FilterDefinition | undefined): EventSource {
  return {
    stream: ALL_STREAM,
    filter: filter ? filterOf(filter) : MATCH_ALL,
    origin: 0,
    end: () => log.lastPosition,
    placeOf: (event) => event.position,
    after: (place, limit) => log.after(place, limit),
    format: (place) => `C:${place}/P:${place}`,
    parse: (text) => {
      const match = /^C:(-?\d+)\/P:-?\d+$/.exec(text);
      return match ? Number(match[1]) : undefined;
    },
    onChange: (listener) => log.changes.onAny(listener),
  };
}

/** @throws RpcError UNKNOWN for a bad regular expression */
export function filterOf(definition: FilterDefinition): EventFilter {
  const matches = compileExpression(definition.regex, definition.prefixes);
  return definition.on === 'stream'
    ? { matches: (event) => matches(event.stream) }
    : { matches: (event) => matches(event.type) };
}
