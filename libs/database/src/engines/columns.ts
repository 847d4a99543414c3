import { type Kysely, sql } from 'kysely';
import { type Engine } from './engine';

/**
 * The names of a table's columns; empty where there is no such table. On PostgreSQL only the schema that the connection
 * looks into counts: the other stores of the same database have tables of the same names.
 */
export async function columnsOf<T>(db: Kysely<T>, engine: Engine, table: string): Promise<string[]> {
  const query =
    engine === 'postgres'
      ? sql<{ name: string }>`select column_name as name from information_schema.columns
          where table_schema = current_schema() and table_name = ${table}`
      : sql<{ name: string }>`select name from pragma_table_info(${table})`;
  return (await query.execute(db)).rows.map(({ name }) => name);
}
