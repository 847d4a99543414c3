import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../database';
import { type Engine } from '../engines/engine';

/** The engines that tests run on here: SQLite, and PostgreSQL if DATABASE_TEST_URL names one. */
export const testEngines: Engine[] = process.env.DATABASE_TEST_URL ? ['sqlite', 'postgres'] : ['sqlite'];

/** A database for one test: can be opened many times over, and leaves nothing behind. */
export interface TestDatabase {
  /** For SQLite: the folder that holds the file `test.db`. */
  folder: string;
  open<T>(): Promise<Database<T>>;
  /** Closes all that were opened and drops the schema or the file. */
  drop(): Promise<void>;
}

/** A new, empty SQLite file or PostgreSQL schema. */
export function testDatabase(engine: Engine): TestDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-db-'));
  const schema = `test_${randomBytes(6).toString('hex')}`;
  const url = process.env.DATABASE_TEST_URL ?? '';
  const opened: Database<unknown>[] = [];
  return {
    folder,
    async open<T>() {
      const database = await openDatabase<T>(
        engine === 'postgres'
          ? { url, schema, poolSize: 4 }
          : { file: join(folder, 'test.db'), durability: 'full', secureDelete: true },
      );
      opened.push(database as Database<unknown>);
      return database;
    },
    async drop() {
      for (const database of opened) await database.close();
      if (engine === 'postgres') {
        const database = await openDatabase({ url, poolSize: 1 });
        await sql.raw(`drop schema if exists "${schema}" cascade`).execute(database.db);
        await database.close();
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
