import { chunks } from '@latchkey/database';
import type { DomainEvent, EventCodec, Happened } from './codec';
import type { Fold } from './decider';
import type { RecordedEvent } from './event-store';
import { folding } from './poison';

/** Where a projection keeps the folded states of its streams. */
export interface StateRows<S> {
  /** The states of these streams, by id, as far as there are any. */
  load(ids: readonly string[]): Promise<ReadonlyMap<string, S>>;
  save(rows: readonly ChangedRow<S>[]): Promise<void>;
}

export interface ChangedRow<S> {
  readonly id: string;
  readonly state: S;
  /** The event that the stream began with, where the row is new. */
  readonly first: RecordedEvent | undefined;
}

/** As many rows as one statement writes. */
const ROWS_AT_ONCE = 50;

/** One event with the state of its stream before and after it. */
export interface FoldedEvent<S, E extends DomainEvent> {
  readonly id: string;
  readonly recorded: RecordedEvent;
  readonly event: Happened<E>;
  readonly before: S;
  readonly after: NonNullable<S>;
}

/**
 * Folds the events of one category of streams (`<category>-<id>`) into rows: each stream's state is loaded and
 * saved once, however many of the events are its own. Events of streams that have not begun are ignored.
 * @returns what each event did, in order
 * @throws {UnreadableEvent | UnfoldableEvent} for the first event that can't be read or folded
 */
export async function foldRows<S, E extends DomainEvent>(
  events: readonly RecordedEvent[],
  category: string,
  codec: EventCodec<E>,
  fold: Fold<S, E>,
  rows: StateRows<NonNullable<S>>,
): Promise<FoldedEvent<S, E>[]> {
  const prefix = `${category}-`;
  const own = events.filter((event) => event.stream.startsWith(prefix));
  if (own.length === 0) return [];
  const idOf = (event: RecordedEvent) => event.stream.slice(prefix.length);
  // What a stream begins with needs no state: most codes are folded once, in a batch with many others.
  const beginning = new Set(own.filter(({ revision }) => revision === 0).map(idOf));
  const goingOn = new Set(own.map(idOf).filter((id) => !beginning.has(id)));
  const known = goingOn.size === 0 ? new Map<string, NonNullable<S>>() : await rows.load([...goingOn]);
  const states = new Map<string, NonNullable<S>>(known);
  const begun = new Map<string, RecordedEvent>();
  const folded: FoldedEvent<S, E>[] = [];
  for (const recorded of own) {
    const id = idOf(recorded);
    const event = codec.decode(recorded);
    const before = states.get(id) ?? fold.initial;
    const after = folding(recorded, () => fold.evolve(before, event));
    if (after === null || after === undefined) continue;
    if (!states.has(id)) begun.set(id, recorded);
    states.set(id, after);
    folded.push({ id, recorded, event, before, after });
  }
  const changed = [...states].filter(([id, state]) => state !== known.get(id));
  for (const some of chunks(changed, ROWS_AT_ONCE)) {
    await rows.save(some.map(([id, state]) => ({ id, state, first: begun.get(id) })));
  }
  return folded;
}
