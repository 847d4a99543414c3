import { type Kysely, PostgresAdapter, sql } from 'kysely';

/**
 * Lets the planner know what is in tables that have just been filled. Until its own jobs come by, PostgreSQL plans as if
 * it had to read such a table as a whole for a few hundred rows. SQLite goes by indexes alone.
 */
export async function learnRows<T>(db: Kysely<T>, tables: readonly string[]): Promise<void> {
  if (!(db.getExecutor().adapter instanceof PostgresAdapter)) return;
  for (const table of tables) await sql`analyze ${sql.table(table)}`.execute(db);
}
