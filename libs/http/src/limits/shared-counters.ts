import { type Database, migrate, type Migration } from '@latchkey/database';
import { CompiledQuery } from 'kysely';
import { RateLimiterPostgres } from 'rate-limiter-flexible';
import { type Counters, ownCounters, WINDOW_S } from './rate-limit';

const TABLE = 'rate_limits';

/** As rate-limiter-flexible wants it. */
const migrations: Migration[] = [
  {
    name: 'rate_limits',
    async up(db) {
      await db.schema
        .createTable(TABLE)
        .addColumn('key', 'varchar(255)', (column) => column.primaryKey())
        .addColumn('points', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('expire', 'bigint')
        .execute();
    },
  },
];

/**
 * Counters that all instances share, where they share a database; on SQLite there is one instance. While the database
 * is unavailable each instance counts for itself.
 */
export async function sharedCounters<T>(database: Database<T>): Promise<Counters> {
  if (database.engine !== 'postgres') return ownCounters;
  await migrate(database, TABLE, migrations);
  const storeClient = {
    query: ({ text, values }: { text: string; values: unknown[] }) =>
      database.db.executeQuery(CompiledQuery.raw(text, values)),
  };
  return (name, perMinute) =>
    new RateLimiterPostgres({
      ...{ storeClient, storeType: 'client', tableName: TABLE, tableCreated: true },
      ...{ keyPrefix: name, points: perMinute, duration: WINDOW_S },
      insuranceLimiter: ownCounters(name, perMinute),
    });
}
