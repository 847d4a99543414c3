import { chunks } from '../chunks';
import { CompiledQuery, type Kysely } from 'kysely';
import { setTimeout as delay } from 'node:timers/promises';
import { type KeyStore } from '@latchkey/platform';
import { type Database } from '../database';
import { emptyLog } from '../engines/empty-log';
import { preparedIn, preparedRows } from '../prepared';
import { type VaultTables } from './vault-tables';

interface Waiting {
  keyId: string;
  /** undefined: to be erased */
  wrapped: string | undefined;
  resolve(kept: string | null): void;
  reject(error: unknown): void;
}

const BATCH = 1000;
/** Where several were written together, as many more may come within so long: each transaction costs as much as ten keys. */
const GATHER_FOR_EACH_MS = 0.5;
const GATHER_MOST_MS = 5;

/** Whether a commit waits for the disk. */
const WAIT_LATER = CompiledQuery.raw('pragma synchronous = normal');
const WAIT_AGAIN = CompiledQuery.raw('pragma synchronous = full');

type KeyRow = VaultTables['keys'];

/**
 * The vault's keys in a table. Writes that come together share one transaction and one wait for the disk.
 *
 * An erased key's row stays, with its key overwritten by as many characters: SQLite then writes over the old
 * bytes in place. (Rows are never removed, so they are never moved either: a page that was split would keep
 * copies of them.) The write-ahead log, which still has the old page, is emptied before the erasure is confirmed.
 */
export class KeyTable implements KeyStore {
  private waiting: Waiting[] = [];
  private flushing = false;

  constructor(private readonly database: Database<VaultTables>) {}

  async find(keyId: string): Promise<string | null | undefined> {
    const row = await this.database.db
      .selectFrom('keys')
      .select('wrapped')
      .where('key_id', '=', keyId)
      .executeTakeFirst();
    return row && read(row.wrapped);
  }

  async findAll(keyIds: readonly string[]): Promise<ReadonlyMap<string, string | null>> {
    const found = new Map<string, string | null>();
    for (const some of chunks(keyIds, BATCH)) {
      const rows = await byIds.rows(this.database.db, {}, some);
      for (const row of rows) found.set(row.key_id, read(row.wrapped));
    }
    return found;
  }

  add(keyId: string, wrapped: string): Promise<string | null> {
    return this.enqueue(keyId, wrapped);
  }

  async erase(keyId: string): Promise<void> {
    await this.enqueue(keyId, undefined);
  }

  /** Makes sure that bytes of erased keys are in none of the files any more. */
  forget(): Promise<void> {
    return emptyLog(this.database.db, this.database.engine);
  }

  /**
   * On SQLite the log is emptied right after it, and is on the disk before: it is not waited for twice. A log that begins
   * anew waits for the disk all the same: as a transaction, on a thread.
   */
  private async eraseOnly(erased: Set<string>): Promise<void> {
    const { db, engine } = this.database;
    if (engine === 'postgres') return eraseAll(db, erased);
    await db.connection().execute(async (connection) => {
      await connection.executeQuery(WAIT_LATER);
      try {
        await connection.transaction().execute((trx) => eraseAll(trx, erased));
      } finally {
        await connection.executeQuery(WAIT_AGAIN);
      }
      await emptyLog(connection, engine);
    });
  }

  private enqueue(keyId: string, wrapped: string | undefined): Promise<string | null> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ keyId, wrapped, resolve, reject });
      if (this.flushing) return;
      this.flushing = true;
      // After the requests that have arrived with this one, so that they share the wait for the disk.
      setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    for (let last = 0; this.waiting.length > 0;) {
      if (last > 1 && this.waiting.length < last)
        await delay(Math.min(last * GATHER_FOR_EACH_MS, GATHER_MOST_MS));
      const batch = this.waiting.splice(0, BATCH);
      last = batch.length;
      try {
        const kept = await this.write(batch);
        for (const each of batch) {
          each.resolve(each.wrapped === undefined ? null : (kept.get(each.keyId) ?? null));
        }
      } catch (error) {
        for (const each of batch) each.reject(error);
      }
    }
    this.flushing = false;
  }

  private async write(batch: Waiting[]): Promise<Map<string, string | null>> {
    const added = new Map<string, string>();
    const erased = new Set<string>();
    for (const { keyId, wrapped } of batch) {
      if (wrapped === undefined) erased.add(keyId);
      else if (!added.has(keyId)) added.set(keyId, wrapped);
    }
    if (added.size === 0) {
      await this.eraseOnly(erased);
      return new Map();
    }
    // It waits for the disk in another thread; others are served meanwhile.
    const kept = await this.database.transaction(async (trx) => {
      const found = await addAll(trx, added);
      await eraseAll(trx, erased);
      return found;
    });
    if (erased.size > 0) await this.forget();
    return kept;
  }
}

const byIds = preparedIn<VaultTables, object, KeyRow>((db, _, keyIds) =>
  db.selectFrom('keys').selectAll().where('key_id', 'in', keyIds),
);

/** Changes as many rows as ids had no key yet. */
const addRows = preparedRows<VaultTables, KeyRow>(['key_id', 'wrapped'], (db, rows) =>
  db
    .insertInto('keys')
    .values(rows)
    .onConflict((conflict) => conflict.column('key_id').doNothing()),
);

async function addAll(
  db: Kysely<VaultTables>,
  added: Map<string, string>,
): Promise<Map<string, string | null>> {
  if (added.size === 0) return new Map();
  const ids = inOrder(added.keys());
  const wanted = ids.map((keyId) => ({ key_id: keyId, wrapped: added.get(keyId)! }));
  if ((await addRows.run(db, wanted)) === ids.length) return new Map(added);
  const rows = await byIds.rows(db, {}, ids);
  return new Map(rows.map((row) => [row.key_id, read(row.wrapped)]));
}

const eraseRows = preparedRows<VaultTables, KeyRow>(['key_id', 'wrapped'], (db, rows) =>
  db
    .insertInto('keys')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('key_id').doUpdateSet((eb) => ({ wrapped: eb.ref('excluded.wrapped') })),
    ),
);

async function eraseAll(db: Kysely<VaultTables>, erased: Set<string>): Promise<void> {
  if (erased.size === 0) return;
  const wrapped = '-'.repeat(WRAPPED_LENGTH);
  await eraseRows.rows(
    db,
    inOrder(erased).map((keyId) => ({ key_id: keyId, wrapped })),
  );
}

/** Nonce, key and tag in base64url after `v1.`; every wrapped key is as long. */
const WRAPPED_LENGTH = 3 + ((12 + 32 + 16) * 4) / 3;

const read = (wrapped: string): string | null => (wrapped.startsWith('-') ? null : wrapped);

// Two instances that lock the same rows must do it in the same order.
const inOrder = (ids: Iterable<string>): string[] => [...ids].sort();
