import { type Database, prepared } from '@latchkey/database';
import type { Kysely, Transaction } from 'kysely';
import { comparePositions, type Position, positionFromText, positionToText } from './event-store';
import type { Tables } from './tables';

/** An event by its place; the id is not known of events that an earlier version had folded. */
export interface EventMark {
  readonly position: Position;
  readonly id: string | undefined;
}

/** How far a view has got. */
export interface Checkpoint {
  readonly position: Position | undefined;
  /** The last event before it that the view follows: it shows whether the event store is still the same. */
  readonly lastEvent: EventMark | undefined;
  /** ms, by our clock. */
  readonly updatedAt: number;
}

interface Row {
  position: string | null;
  event_position: string | null;
  event_id: string | null;
  updated_at: number;
}

const rowOf = (db: Kysely<Tables>, p: { name: string; version: number }) =>
  db
    .selectFrom('checkpoints')
    .select(['position', 'event_position', 'event_id', 'updated_at'])
    .where('projection', '=', p.name)
    .where('version', '=', p.version);
const plainRow = prepared<Tables, { name: string; version: number }, Row>(rowOf);
const lockedRow = prepared<Tables, { name: string; version: number }, Row>((db, p) =>
  rowOf(db, p).forUpdate(),
);
interface Stored {
  name: string;
  version: number;
  position: string | null;
  eventPosition: string | null;
  eventId: string | null;
  at: number;
}

const storing = (db: Kysely<Tables>, p: Stored) =>
  db
    .updateTable('checkpoints')
    .set({ position: p.position, event_position: p.eventPosition, event_id: p.eventId, updated_at: p.at })
    .where('projection', '=', p.name)
    .where('version', '=', p.version);
const storeRow = prepared<Tables, Stored, unknown>(storing);
const moveRow = prepared<Tables, Stored & { from: string }, unknown>((db, p) =>
  storing(db, p).where('position', '=', p.from),
);

/** The checkpoint of one version of a view. */
export class Checkpoints {
  constructor(
    private readonly database: Database<Tables>,
    private readonly of: { readonly name: string; readonly version: number },
  ) {}

  /** undefined: the view was not begun. @param db a transaction, where more is read in it */
  load(db: Kysely<Tables> = this.database.db): Promise<Checkpoint | undefined> {
    return this.read(plainRow, db);
  }

  /** The same, and no other process folds the view until the transaction ends. */
  lock(trx: Transaction<Tables>): Promise<Checkpoint | undefined> {
    // SQLite has one writer at a time as it is.
    return this.read(this.database.engine === 'postgres' ? lockedRow : plainRow, trx);
  }

  private async read(statement: typeof plainRow, db: Kysely<Tables>): Promise<Checkpoint | undefined> {
    const { name, version } = this.of;
    const [row] = await statement.rows(db, { name, version });
    if (!row) return undefined;
    const position = row.position === null ? undefined : positionFromText(row.position);
    const marked = row.event_position === null ? undefined : positionFromText(row.event_position);
    // The first version moved a checkpoint only with its events.
    const lastEvent = marked ?? position;
    return {
      position,
      lastEvent: lastEvent && { position: lastEvent, id: row.event_id ?? undefined },
      updatedAt: row.updated_at,
    };
  }

  /** @param at ms, by our clock */
  async store(
    trx: Transaction<Tables>,
    position: Position | undefined,
    lastEvent: EventMark | undefined,
    at: number,
  ): Promise<void> {
    await storeRow.run(trx, this.row(position, lastEvent, at));
  }

  /**
   * Moves it on to a position, unless it is there already; no other process folds the view until the transaction ends.
   * @param known where it is thought to be: where it is, it need not be read
   * @param at ms, by our clock
   * @returns where it was
   */
  async advance(
    trx: Transaction<Tables>,
    known: Position | undefined,
    to: Position,
    lastEvent: EventMark | undefined,
    at: number,
  ): Promise<Position | undefined> {
    const row = this.row(to, lastEvent, at);
    if (known && comparePositions(known, to) < 0) {
      const moved = await moveRow.run(trx, { ...row, from: positionToText(known) });
      if (moved > 0) return known;
    }
    const stored = (await this.lock(trx))?.position;
    if (!stored || comparePositions(stored, to) < 0) await storeRow.run(trx, row);
    return stored;
  }

  private row(position: Position | undefined, lastEvent: EventMark | undefined, at: number): Stored {
    return {
      ...{ name: this.of.name, version: this.of.version, at },
      position: position ? positionToText(position) : null,
      eventPosition: lastEvent ? positionToText(lastEvent.position) : null,
      eventId: lastEvent?.id ?? null,
    };
  }

  /** Begins before all events. */
  async begin(trx: Transaction<Tables>, at: number): Promise<void> {
    const { name: projection, version } = this.of;
    await trx
      .insertInto('checkpoints')
      .values({ projection, version, position: null, updated_at: at })
      .execute();
  }

  /** Deletes the checkpoint of a version. */
  async forget(trx: Transaction<Tables>, version: number): Promise<void> {
    for (const table of ['checkpoints', 'built_projections']) {
      await trx
        .deleteFrom(table)
        .where('projection', '=', this.of.name)
        .where('version', '=', version)
        .execute();
    }
  }

  async olderVersions(): Promise<number[]> {
    const rows: { version: number }[] = await this.database.db
      .selectFrom('checkpoints')
      .select('version')
      .where('projection', '=', this.of.name)
      .where('version', '<', this.of.version)
      .execute();
    return rows.map(({ version }) => version);
  }

  /** How far the newest of the older versions has got; undefined where there is none. */
  async ofOlderVersion(trx: Transaction<Tables>): Promise<Position | undefined> {
    const row: { position: string | null } | undefined = await trx
      .selectFrom('checkpoints')
      .select('position')
      .where('projection', '=', this.of.name)
      .where('version', '<', this.of.version)
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.position ? positionFromText(row.position) : undefined;
  }

  /** Whether this version has folded all of history once: before, a restart goes on building. */
  async isBuilt(db: Kysely<Tables> = this.database.db): Promise<boolean> {
    const row: unknown = await db
      .selectFrom('built_projections')
      .select('version')
      .where('projection', '=', this.of.name)
      .where('version', '=', this.of.version)
      .executeTakeFirst();
    return row !== undefined;
  }

  async markBuilt(trx: Transaction<Tables>): Promise<void> {
    const { name: projection, version } = this.of;
    await trx
      .insertInto('built_projections')
      .values({ projection, version })
      .onConflict((conflict) => conflict.columns(['projection', 'version']).doNothing())
      .execute();
  }
}
