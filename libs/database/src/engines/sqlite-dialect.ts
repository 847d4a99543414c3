import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  SqliteDialect,
} from 'kysely';
import Libsql from 'libsql';
import LibsqlThreads from 'libsql/promise';
import { ConnectionLock } from './connection-lock';
import { FileVersion } from './file-version';
import type { InPlace } from './in-place';
import { LibsqlStatements } from './libsql-statements';
import { meaning } from './outages';

/** How a SQLite file is opened. */
export interface SqliteOptions {
  /** A path, or `:memory:`. Its folder is made if need be. */
  file: string;
  /** full: a commit is on the disk when it returns (facts, keys). normal: may be lost by a power cut (views). */
  durability: 'full' | 'normal';
  /** Deleted content is overwritten in the file. */
  secureDelete?: boolean;
  /** Set where this thread serves nobody meanwhile: its statements run on it. Large commits wait for the disk elsewhere. */
  alone?: boolean;
}

/** So many pages are in the log, at most, before a commit moves them into the file. */
const PAGES_IN_LOG = 8_000;
/** So many commits without a thread leave fewer pages in the log than that: then it is emptied on one. */
const COMMITS_IN_PLACE = 400;

/** Kysely's SQLite dialect over libsql, on one connection that one caller at a time has to itself. */
export class LibsqlDialect extends SqliteDialect {
  private readonly fileVersion: FileVersion;
  private readonly driver: LibsqlDriver;

  constructor(options: SqliteOptions) {
    const connection = open(options);
    super({ database: connection });
    this.fileVersion = new FileVersion(connection);
    this.driver = new LibsqlDriver(connection, this.fileVersion, options);
  }

  override createDriver(): Driver {
    return this.driver;
  }

  /** Runs statements of a transaction in progress at once, where none is on a thread. */
  readonly inTransaction: InPlace = {
    one: (query) => this.driver.only.inPlace(query),
    each: (query, rows, parametersOf) => this.driver.only.eachInPlace(query, rows, parametersOf),
  };

  /** Runs a statement at once where nobody has the connection to themselves; several would be several transactions. */
  readonly byItself: InPlace = {
    one: (query) => (this.driver.isFree ? this.driver.only.inPlace(query) : undefined),
    each: () => undefined,
  };

  /** A number that changes whenever another connection has changed the file. */
  get version(): number {
    return this.fileVersion.current;
  }
}

function open({ file, durability, secureDelete }: SqliteOptions): Libsql.Database {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const connection = new Libsql(file);
  try {
    // SQLite itself would block the whole process while it waits; see executeQuery.
    connection.pragma('busy_timeout = 0');
    connection.pragma('journal_mode = WAL');
    connection.pragma(`synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`);
    // What can be rebuilt need not be moved out of the log, which waits for the disk, every few hundred writes.
    if (durability === 'normal') connection.pragma(`wal_autocheckpoint = ${PAGES_IN_LOG}`);
    connection.pragma('foreign_keys = ON');
    connection.pragma('temp_store = MEMORY');
    // More than the 2 MB that it has otherwise: indexes of random ids change all over.
    connection.pragma('cache_size = -16000');
    connection.pragma(`secure_delete = ${secureDelete ? 'ON' : 'OFF'}`);
  } catch (error) {
    connection.close();
    throw error;
  }
  return connection;
}

// Another process that writes to the file (the command line, a backup) is waited for this long, without blocking this
// process.
const BUSY_PAUSE = 10;
const BUSY_ATTEMPTS = 500;

/** Going to a thread and back costs as much as writing some thirty rows. */
const MANY_VALUES = 400;

/** What moves the log into the file, and waits for the disk. */
const CHECKPOINT = /^pragma wal_checkpoint\b/;

/** What changes the schema. */
const SCHEMA = /^(create|drop|alter)\b/i;

const isBusy = (error: unknown) =>
  String((error as { code?: unknown } | null)?.code).startsWith('SQLITE_BUSY');

const inTransaction = (connection: Libsql.Database) =>
  (connection as unknown as { inTransaction: boolean }).inTransaction;

class LibsqlDriver implements Driver {
  private readonly lock = new ConnectionLock();
  readonly only: LibsqlConnection;
  /** Since the log was last emptied on a thread. */
  private commitsInPlace = 0;

  constructor(
    private readonly connection: Libsql.Database,
    private readonly version: FileVersion,
    private readonly options: Pick<SqliteOptions, 'durability' | 'alone'>,
  ) {
    this.only = new LibsqlConnection(connection, version, !options.alone);
  }

  get isFree(): boolean {
    return !this.lock.isTaken;
  }

  init(): Promise<void> {
    return Promise.resolve();
  }

  // A transaction keeps the connection until it ends, so that no other statement runs inside it.
  async acquireConnection(): Promise<DatabaseConnection> {
    await this.lock.acquire();
    return this.only;
  }

  releaseConnection(): Promise<void> {
    this.lock.release();
    return Promise.resolve();
  }

  // Immediate: a transaction that reads first and writes later must not find the write lock taken then.
  async beginTransaction(): Promise<void> {
    await this.exec('begin immediate');
    this.only.toCommit = 0;
  }

  async commitTransaction(): Promise<void> {
    const isSmall = this.only.toCommit < MANY_VALUES;
    const waitsForDisk = this.options.durability === 'full';
    if (isSmall && !waitsForDisk && this.commitsInPlace < COMMITS_IN_PLACE) {
      this.commitsInPlace++;
      return this.exec('commit');
    }
    const release = this.version.hold();
    try {
      await execOnThread(this.connection, 'commit');
      if (this.commitsInPlace >= COMMITS_IN_PLACE) await this.emptyLog();
    } finally {
      release();
    }
  }

  /** Some errors (a full disk) have rolled it back already; a rollback that fails must not hide the error that led to it. */
  async rollbackTransaction(): Promise<void> {
    if (inTransaction(this.connection)) await this.exec('rollback').catch(() => undefined);
  }

  /** Lets a transaction in progress end; what waits behind it is refused by the closed connection. */
  async destroy(): Promise<void> {
    await this.lock.acquire();
    if (this.connection.open) this.connection.close();
    this.lock.release();
  }

  private exec(sql: string): Promise<void> {
    return this.only.run(sql);
  }

  /** What can't be moved out of the log now, since others read the file, is moved later. */
  private async emptyLog(): Promise<void> {
    this.commitsInPlace = 0;
    await execOnThread(this.connection, 'pragma wal_checkpoint(passive)').catch(() => undefined);
  }
}

/** Writes, and waits for the disk, on one of libsql's own threads, while this one serves others. */
async function execOnThread(connection: Libsql.Database, sql: string): Promise<void> {
  try {
    // Both faces of libsql are over the same native connection.
    await LibsqlThreads.prototype.exec.call(connection as never, sql);
  } catch (error) {
    throw meaning(error);
  }
}

class LibsqlConnection implements DatabaseConnection {
  private readonly statements: LibsqlStatements;
  /** About how much the commit of the transaction in progress has to write: values that it was given, and rows. */
  toCommit = 0;
  private isOnThread = false;

  constructor(
    private readonly connection: Libsql.Database,
    private readonly version: FileVersion,
    private readonly usesThreads: boolean,
  ) {
    this.statements = new LibsqlStatements(connection);
  }

  async run(sql: string): Promise<void> {
    await this.executeQuery({ sql, parameters: [] });
  }

  async executeQuery<R>({
    sql,
    parameters,
  }: Pick<CompiledQuery, 'sql' | 'parameters'>): Promise<QueryResult<R>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return this.isForThread(sql, parameters.length)
          ? await this.onThread<R>(sql, parameters)
          : this.execute<R>(sql, parameters);
      } catch (error) {
        // A busy statement stays half done until it is run again; dropped, it would keep others from committing.
        if (!isBusy(error)) this.statements.drop(sql);
        // Inside a transaction waiting does not help: it would have to be begun again.
        if (!isBusy(error) || inTransaction(this.connection) || attempt >= BUSY_ATTEMPTS)
          throw meaning(error);
        await delay(BUSY_PAUSE);
      }
    }
  }

  /** @returns undefined where it has to take its turn, or to wait for another process */
  inPlace({ sql, parameters }: CompiledQuery): QueryResult<unknown> | undefined {
    if (this.isOnThread || this.isForThread(sql, parameters.length)) return undefined;
    try {
      return this.execute(sql, parameters);
    } catch (error) {
      if (isBusy(error)) return undefined;
      this.statements.drop(sql);
      throw meaning(error);
    }
  }

  /** In a transaction, which what fails rolls back; nothing has to be waited for in one. */
  eachInPlace<Row>(
    { sql, parameters }: CompiledQuery,
    rows: readonly Row[],
    parametersOf: (row: Row) => readonly unknown[],
  ): QueryResult<unknown> | undefined {
    if (this.isOnThread || this.isForThread(sql, parameters.length * rows.length)) return undefined;
    try {
      return this.executeEach(sql, rows, parametersOf);
    } catch (error) {
      if (!isBusy(error)) this.statements.drop(sql);
      throw meaning(error);
    }
  }

  /** Only in a transaction, in which nothing has to be waited for: a statement with many rows takes long. */
  private isForThread(sql: string, values: number): boolean {
    if (!this.usesThreads) return false;
    return CHECKPOINT.test(sql) || (values >= MANY_VALUES && inTransaction(this.connection));
  }

  private async onThread<R>(sql: string, parameters: readonly unknown[]): Promise<QueryResult<R>> {
    const release = this.version.hold();
    this.toCommit += parameters.length;
    this.isOnThread = true;
    try {
      return (await this.statements.runOnThread(sql, parameters)) as QueryResult<R>;
    } finally {
      this.isOnThread = false;
      release();
    }
  }

  private execute<R>(sql: string, parameters: readonly unknown[]): QueryResult<R> {
    const statement = this.statements.get(sql);
    if (statement.reader) {
      const rows = statement.all(parameters) as R[];
      this.toCommit += Math.max(parameters.length, rows.length);
      return { rows };
    }
    const { changes, lastInsertRowid } = statement.run(parameters);
    // Of tables and indexes it is not told how large they are.
    this.toCommit += SCHEMA.test(sql) ? Infinity : Math.max(parameters.length, changes);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  private executeEach<Row>(
    sql: string,
    rows: readonly Row[],
    parametersOf: (row: Row) => readonly unknown[],
  ): QueryResult<unknown> {
    const statement = this.statements.get(sql);
    const returned: unknown[] = [];
    let changed = 0;
    for (const row of rows) {
      const parameters = parametersOf(row);
      this.toCommit += parameters.length;
      if (statement.reader) returned.push(...statement.all(parameters));
      else changed += statement.run(parameters).changes;
    }
    return { rows: returned, numAffectedRows: BigInt(changed) };
  }

  // The rows are read in one go: a half-read statement would keep the log from being emptied.
  async *streamQuery<R>(query: CompiledQuery, size = 100): AsyncIterableIterator<QueryResult<R>> {
    const { rows } = await this.executeQuery<R>(query);
    for (let start = 0; start < rows.length; start += size) yield { rows: rows.slice(start, start + size) };
  }
}
