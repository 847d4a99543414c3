import { type Database, type Stores, tablesOf } from '@latchkey/database';
import { Refusal } from '@latchkey/event-sourcing';
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

/** Under this name events are listed that are nobody's of ours. */
export const OF_OTHERS = '*';

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

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Homes = Pick<Stores<any>, 'views' | 'feed' | 'audit' | 'recordsDatabase'>;

/** The events that views go on without, wherever they are listed. */
export class ParkedEvents {
  private readonly databases: readonly Database<ParkedTables>[];

  constructor({ views, feed, audit, recordsDatabase }: Homes) {
    this.databases = [views, feed, audit, recordsDatabase] as Database<ParkedTables>[];
  }

  /** All of them, database by database, those that were parked first first. */
  async *all(): AsyncIterable<ParkedEvent> {
    for (const { db } of await this.begun()) {
      const rows = await db.selectFrom('parked_events').selectAll().orderBy('parked_at').execute();
      for (const { projection, type, parked_at, ...row } of rows) {
        yield { view: projection, ...row, event_type: type, parked_at: iso(parked_at) };
      }
    }
  }

  /**
   * One of them, as often as views go on without it, or all.
   * @throws {Refusal} where there is no such event
   */
  async some(eventId: string | undefined): Promise<ParkedEvent[]> {
    const found: ParkedEvent[] = [];
    for await (const event of this.all()) {
      if (eventId === undefined || event.event_id === eventId) found.push(event);
    }
    if (eventId !== undefined && found.length === 0)
      throw Refusal.absent('parked event', `No view goes on without an event ${eventId}.`);
    return found;
  }

  /** Takes one, or all, off the list; what is in the event store stays there. @throws {Refusal} as `some` */
  async drop(eventId: string | undefined): Promise<ParkedEvent[]> {
    const found = await this.some(eventId);
    for (const { db } of await this.begun()) {
      let rows = db.deleteFrom('parked_events');
      if (eventId !== undefined) rows = rows.where('event_id', '=', eventId);
      await rows.execute();
    }
    return found;
  }

  /** Those into which anything has been folded yet. */
  private async begun(): Promise<Database<ParkedTables>[]> {
    const begun: Database<ParkedTables>[] = [];
    for (const database of this.databases) {
      if ((await tablesOf(database.db, database.engine)).includes('parked_events')) begun.push(database);
    }
    return begun;
  }
}
