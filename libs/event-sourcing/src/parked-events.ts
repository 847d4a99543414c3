import type { Transaction } from 'kysely';
import { ForeignEvent, UnreadableEvent } from './codec';
import { positionToText, type RecordedEvent } from './event-store';
import type { Tables } from './tables';

/** A foreign event belongs to no view: it is listed once for all views of a database, under this name. */
const EVERY_VIEW = '*';

/** An event that a view goes on without. */
export interface Parked {
  readonly event: RecordedEvent;
  readonly reason: string;
  readonly foreign: boolean;
  readonly error: unknown;
}

export function parkedFor(event: RecordedEvent, error: unknown): Parked {
  const reason = error instanceof Error ? error.message : String(error);
  return { event, reason, foreign: error instanceof ForeignEvent, error };
}

/** The events of a batch, by how they are handled. */
export interface Sorted {
  readonly readable: readonly RecordedEvent[];
  readonly parked: readonly Parked[];
}

/** Separates those that a view can't read. */
export function sortOut(
  events: readonly RecordedEvent[],
  projection: { read?(event: RecordedEvent): void },
): Sorted {
  const readable: RecordedEvent[] = [];
  const parked: Parked[] = [];
  for (const event of events) {
    try {
      if (event.forged !== undefined) throw new ForeignEvent(event, event.forged);
      projection.read?.(event);
      readable.push(event);
    } catch (error) {
      if (!(error instanceof UnreadableEvent)) throw error;
      parked.push(parkedFor(event, error));
    }
  }
  return { readable, parked };
}

const REASON_AT_MOST = 1_000;

/**
 * Lists events that a view goes on without.
 * @returns those that were not on the list
 */
export async function park(
  trx: Transaction<Tables>,
  projection: string,
  parked: readonly Parked[],
  at: number,
): Promise<Parked[]> {
  const listed: Parked[] = [];
  for (const each of parked) {
    const { event, reason, foreign } = each;
    const { numInsertedOrUpdatedRows = 0n } = await trx
      .insertInto('parked_events')
      .values({
        projection: foreign ? EVERY_VIEW : projection,
        event_id: event.id,
        stream: storable(event.stream),
        type: storable(event.type),
        position: positionToText(event.position),
        reason: storable(reason).slice(0, REASON_AT_MOST),
        parked_at: at,
      })
      .onConflict((conflict) => conflict.columns(['projection', 'event_id']).doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows > 0n) listed.push(each);
  }
  return listed;
}

/** Names of foreign events may be anything; no database takes this character. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD');

/** The streams of events of ours that a view went on without. */
export async function streamsParkedBy(
  trx: Transaction<Tables>,
  projection: string,
): Promise<ReadonlySet<string>> {
  const rows: { stream: string }[] = await trx
    .selectFrom('parked_events')
    .select('stream')
    .distinct()
    .where('projection', '=', projection)
    .execute();
  return new Set(rows.map(({ stream }) => stream));
}

/** A view has all of its events now. */
export async function unpark(trx: Transaction<Tables>, projection: string): Promise<void> {
  await trx.deleteFrom('parked_events').where('projection', '=', projection).execute();
}
