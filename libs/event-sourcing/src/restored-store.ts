import { whyForeign } from './codec';
import type { Checkpoint } from './checkpoints';
import { comparePositions, type EventStore, type Position, type RecordedEvent } from './event-store';

const PAGE = 200;

/**
 * The end of the history that an event store still shares with a view, where that view has folded events which the
 * store no longer has: it was restored from an older backup, or is another one.
 */
export interface SharedHistory {
  /** undefined: the store has no events at all but its own. */
  readonly end: RecordedEvent | undefined;
}

/** What shows how far a store's history goes. */
export type HistoryEnd = Pick<EventStore, 'readAllBackwards' | 'eventAt'>;

/** undefined: the store has what the view has folded. */
export async function sharedHistory(
  store: HistoryEnd,
  { lastEvent, updatedAt }: Checkpoint,
): Promise<SharedHistory | undefined> {
  if (!lastEvent) return undefined;
  const end = await lastEventWhere(store, () => true);
  if (!end || comparePositions(end.position, lastEvent.position) < 0) return { end };
  if (lastEvent.id === undefined) return undefined;
  const there = await store.eventAt(lastEvent.position);
  if (there === undefined || there?.id === lastEvent.id) return undefined;
  // It has gone on since it was restored: nothing shows where, but the checkpoint has the instant.
  const occurredBy = ({ metadata }: RecordedEvent) =>
    whyForeign(metadata) === undefined && Date.parse(metadata.occurredAt) <= updatedAt;
  return { end: await lastEventWhere(store, occurredBy) };
}

/** The last event, the store's own apart, that is such. */
async function lastEventWhere(
  store: HistoryEnd,
  isSuch: (event: RecordedEvent) => boolean,
): Promise<RecordedEvent | undefined> {
  let before: Position | undefined;
  for (;;) {
    let count = 0;
    let found: RecordedEvent | undefined;
    for await (const event of store.readAllBackwards(PAGE, before)) {
      count++;
      before = event.position;
      if (!event.stream.startsWith('$') && isSuch(event)) found ??= event;
    }
    if (found || count < PAGE) return found;
  }
}
