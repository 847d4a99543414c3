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

/** The names of the tables that the connection looks into, in order. */
export async function tablesOf<T>(db: Kysely<T>, engine: Engine): Promise<string[]> {
  const query =
    engine === 'postgres'
      ? sql<{ name: string }>`select table_name as name from information_schema.tables
          where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1`
      : sql<{ name: string }>`select name from main.sqlite_master
          where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by 1`;
  return (await query.execute(db)).rows.map(({ name }) => name);
}

/** The columns of a table's primary key, in its order; empty where it has none. */
export async function primaryKeyOf<T>(db: Kysely<T>, engine: Engine, table: string): Promise<string[]> {
  const query =
    engine === 'postgres'
      ? sql<{ name: string }>`select used.column_name as name
          from information_schema.table_constraints as made
          join information_schema.key_column_usage as used using (constraint_schema, constraint_name, table_name)
          where made.constraint_type = 'PRIMARY KEY'
            and made.table_schema = current_schema() and made.table_name = ${table}
          order by used.ordinal_position`
      : sql<{ name: string }>`select name from pragma_table_info(${table}) where pk > 0 order by pk`;
  return (await query.execute(db)).rows.map(({ name }) => name);
}
