import { type Database, type Stores, tablesOf } from '@latchkey/database';
import { iso } from '@latchkey/platform';

/** An event that a view goes on without. */
export interface ParkedEvent {
  /** `*`: it is not the server's, and every view goes on without it. */
  readonly view: string;
  readonly stream: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly position: string;
  readonly reason: string;
  readonly parked_at: string;
}

/** All of them, of every view. */
export async function* parkedEvents(
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  stores: Pick<Stores<any>, 'views' | 'feed' | 'audit' | 'recordsDatabase'>,
): AsyncIterable<ParkedEvent> {
  const { views, feed, audit, recordsDatabase } = stores;
  for (const database of [views, feed, audit, recordsDatabase]) yield* parkedIn(database as never);
}

interface ParkedTables {
  parked_events: {
    projection: string;
    event_id: string;
    stream: string;
    type: string;
    position: string;
    reason: string;
    parked_at: number;
  };
}

async function* parkedIn({ db, engine }: Database<ParkedTables>): AsyncIterable<ParkedEvent> {
  // Nothing was folded there yet.
  if (!(await tablesOf(db, engine)).includes('parked_events')) return;
  const rows = await db.selectFrom('parked_events').selectAll().orderBy('parked_at').execute();
  for (const { projection, type, parked_at, ...row } of rows) {
    yield { view: projection, ...row, event_type: type, parked_at: iso(parked_at) };
  }
}
