import { rollBack, type SqliteDatabase } from './database';
import { EventTable } from './event-table';
import { type Facts } from './facts';
import { type StoredEvent } from './stored-event';

const FACT = 'tables';

/**
 * The tables that hold the events. There is one, until a scavenge moves what survives, oldest first, into a table of
 * the next generation, and drops the old table once it is empty. Deleting in place would leave traces: SQLite zeroes
 * what is deleted, but not what is left behind where it moves rows between pages. A table that is only ever appended
 * to, and then dropped, leaves none.
 */
export class Generations {
  /** Oldest events first. */
  private tables: EventTable[];

  constructor(
    private readonly db: SqliteDatabase,
    private readonly facts: Facts,
    private readonly nameOf: (streamId: number) => string,
    private readonly largestEvent: () => number,
  ) {
    const stored = facts.get(FACT);
    const names = typeof stored === 'string' ? (JSON.parse(stored) as string[]) : ['events_0'];
    this.tables = names.map((name) => new EventTable(db, name, nameOf, largestEvent));
    if (stored === undefined) facts.set(FACT, JSON.stringify(names));
  }

  get oldestFirst(): readonly EventTable[] {
    return this.tables;
  }

  get newestFirst(): readonly EventTable[] {
    return this.tables.length === 1 ? this.tables : [...this.tables].reverse();
  }

  /** Where new events go. */
  get current(): EventTable {
    return this.tables.at(-1)!;
  }

  get isMoving(): boolean {
    return this.tables.length > 1;
  }

  /** Nothing is left in the old generation. */
  get isMoved(): boolean {
    return this.isMoving && this.current.lastPosition() < 0;
  }

  /** Makes room for a new generation. In a transaction of its own. */
  begin(): void {
    if (this.isMoving) return;
    const generation = Number(this.current.name.split('_')[1]) + 1;
    const next = `events_${generation}`;
    this.exclusively(() => {
      this.db.exec(`DROP TABLE IF EXISTS ${next}`);
      const table = new EventTable(this.db, next, this.nameOf, this.largestEvent);
      this.facts.set(FACT, JSON.stringify([next, this.current.name]));
      return [table, this.current];
    });
  }

  /**
   * Moves the oldest events of the old generation, those that `keep` wants, and forgets the others, each of which it
   * tells `forget`. Runs inside a transaction.
   * @returns how many were forgotten, and the position of the last one looked at; undefined when none is left
   */
  moveSome(
    limit: number,
    keep: (event: StoredEvent) => boolean,
    forget: (event: StoredEvent) => void,
  ): { forgotten: number; upTo: number } | undefined {
    const [target, source] = this.tables;
    if (!target || !source) return undefined;
    const batch = source.after(-1, limit);
    if (batch.length === 0) return undefined;
    let forgotten = 0;
    for (const event of batch) {
      if (keep(event)) {
        target.insert(event);
      } else {
        forget(event);
        forgotten += 1;
      }
    }
    const upTo = batch.at(-1)!.position;
    source.deleteUpTo(upTo);
    return { forgotten, upTo };
  }

  /** Drops the old generation, which must be empty. In a transaction of its own. */
  end(): void {
    const [target, source] = this.tables;
    if (!target || !source) return;
    if (source.lastPosition() >= 0) throw new Error('the old generation still has events');
    source.release();
    this.exclusively(() => {
      this.db.exec(`DROP TABLE ${source.name}`);
      this.facts.set(FACT, JSON.stringify([target.name]));
      return [target];
    });
  }

  private exclusively(work: () => EventTable[]): void {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      const tables = work();
      this.db.exec('COMMIT');
      this.tables = tables;
    } catch (error) {
      rollBack(this.db);
      throw error;
    }
  }
}
