import { DAY, MINUTE } from '@latchkey/platform';
import { type Database, migrate, type Migration } from '@latchkey/database';
import type { BegunDeletes } from '@latchkey/http';
import { createHash } from 'node:crypto';

/** Longer than any repetition is waited for, ms. */
const KEPT_FOR = DAY;
const PURGE_EVERY = 10 * MINUTE;

interface BegunDeletesTable {
  begun_deletes: {
    /** SHA-256 of its name */
    name: string;
    /** ms, by the machine's clock: clients repeat by theirs, however a sandbox's is put. */
    begun_at: number;
  };
}

const migrations: Migration[] = [
  {
    name: 'begun_deletes',
    async up(db) {
      await db.schema
        .createTable('begun_deletes')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('begun_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('begun_deletes_age').on('begun_deletes').column('begun_at').execute();
    },
  },
];

/** Deletions that were begun in the last day, beside the answers that are kept for Idempotency-Keys. */
export class BegunDeleteRecords implements BegunDeletes {
  private purgedAt = -Infinity;

  private constructor(
    private readonly database: Database<BegunDeletesTable>,
    private readonly wall: () => number,
  ) {}

  /** @param database that of the records */
  static async open<T>(database: Database<T>, wall: () => number = Date.now): Promise<BegunDeleteRecords> {
    await migrate(database, 'begun_deletes', migrations);
    return new BegunDeleteRecords(database as unknown as Database<BegunDeletesTable>, wall);
  }

  async begin(name: string, within: number): Promise<boolean> {
    const now = this.wall();
    await this.purge(now);
    const row = { name: hashed(name), begun_at: now };
    const { db } = this.database;
    const inserted = await db
      .insertInto('begun_deletes')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirst();
    if ((inserted.numInsertedOrUpdatedRows ?? 0n) > 0n) return false;
    const renewed = await db
      .updateTable('begun_deletes')
      .set(row)
      .where('name', '=', row.name)
      .where('begun_at', '<', now - within)
      .executeTakeFirst();
    return renewed.numUpdatedRows === 0n;
  }

  async forget(name: string): Promise<void> {
    await this.database.db.deleteFrom('begun_deletes').where('name', '=', hashed(name)).execute();
  }

  private async purge(now: number): Promise<void> {
    if (now - this.purgedAt < PURGE_EVERY) return;
    this.purgedAt = now;
    await this.database.db
      .deleteFrom('begun_deletes')
      .where('begun_at', '<', now - KEPT_FOR)
      .execute();
  }
}

const hashed = (name: string): string => createHash('sha256').update(name).digest('base64url');
