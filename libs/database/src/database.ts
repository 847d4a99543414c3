import { Kysely, sql, type Transaction } from 'kysely';
import { StartupError } from '@latchkey/platform';
import { compactFile, vacuumSchema } from './engines/compact';
import { type Engine } from './engines/engine';
import { runsInPlace, whileInPlace } from './engines/in-place';
import { makeSchema, type PostgresOptions, postgresDialect } from './engines/postgres-dialect';
import { LibsqlDialect, type SqliteOptions } from './engines/sqlite-dialect';

/** An open database. Instants in it are integers (ms), documents are JSON text. */
export interface Database<T> {
  readonly db: Kysely<T>;
  readonly engine: Engine;
  /**
   * Runs `work` in one transaction: committed if its promise is kept, else rolled back. On SQLite nobody else's
   * statement runs meanwhile, so use only `trx` inside: waiting for `db` there would wait for itself.
   */
  transaction<R>(work: (trx: Transaction<T>) => Promise<R>): Promise<R>;
  /**
   * A number that changes whenever another process, or another opening of the same file, has written. Undefined on
   * PostgreSQL, where finding out would cost as much as reading the rows.
   */
  foreignVersion?(): number;
  /**
   * Writes the database again without what was deleted or replaced in it. On SQLite nothing of that is left in the file
   * then; on PostgreSQL old rows are freed, and overwritten when their space is used.
   * @throws Error where others keep the file busy
   */
  compact(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a SQLite file or a PostgreSQL schema.
 * @throws StartupError if it can't be opened or reached
 */
export async function openDatabase<T>(options: SqliteOptions | PostgresOptions): Promise<Database<T>> {
  return 'url' in options ? openPostgres(options) : openSqlite(options);
}

async function openSqlite<T>(options: SqliteOptions): Promise<Database<T>> {
  try {
    const dialect = new LibsqlDialect(options);
    const db = new Kysely<T>({ dialect });
    await sql`select count(*) from sqlite_master`.execute(db);
    const compact = async (): Promise<void> => {
      if (options.file === ':memory:') await sql`vacuum`.execute(db);
      else await compactFile(options.file);
    };
    runsInPlace(db, dialect.byItself);
    const transaction = <R>(work: (trx: Transaction<T>) => Promise<R>): Promise<R> =>
      db.transaction().execute((trx) => whileInPlace(trx, dialect.inTransaction, () => work(trx)));
    return { ...database(db, 'sqlite'), transaction, foreignVersion: () => dialect.version, compact };
  } catch (cause) {
    throw new StartupError(`The database ${options.file} can not be opened: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function openPostgres<T>(options: PostgresOptions): Promise<Database<T>> {
  const db = new Kysely<T>({ dialect: postgresDialect(options) });
  try {
    if (options.schema !== undefined) await makeSchema(db, options.schema);
    else await sql`select 1`.execute(db);
    return { ...database(db, 'postgres'), compact: () => vacuumSchema(db) };
  } catch (cause) {
    await db.destroy();
    // The connection string holds a password: the message says only where.
    const { host, pathname } = new URL(options.url);
    throw new StartupError(
      `The PostgreSQL database ${host}${pathname} can not be opened: ${reason(cause as Error)}`,
      { cause },
    );
  }
}

function reason(error: Error & { errors?: Error[]; code?: string }): string {
  return error.message || error.errors?.map((each) => each.message).join('; ') || (error.code ?? error.name);
}

function database<T>(db: Kysely<T>, engine: Engine): Omit<Database<T>, 'compact'> {
  return {
    db,
    engine,
    transaction: (work) => db.transaction().execute(work),
    close: () => db.destroy(),
  };
}
