import { type Database, migrate, type Migration } from '@latchkey/database';
import { type Clock, DAY, HOUR, MINUTE, type Vault } from '@latchkey/platform';
import type { Transaction } from 'kysely';
import { LRUCache } from 'lru-cache';
import { randomUUID } from 'node:crypto';
import { ANSWER_WITHIN_MS } from '../request-deadline';
import type { PinsOfCode } from './request-pins';

/** For so long the first answer to a key is given again, ms. */
export const KEPT_FOR = DAY;
/** A request that has not ended after this long, by the machine's clock, has died with its server. */
const DEAD_AFTER = MINUTE;
const PURGE_EVERY = 10 * MINUTE;

/** What a request with a key is: the first, one of several at the same time, or one that came again. */
export type KeyClaim =
  | { readonly kind: 'first'; readonly requestId: string; readonly keyId: string }
  | { readonly kind: 'under-way' }
  /** Still under way, though the caller was told long ago that the answer took too long. */
  | { readonly kind: 'late' }
  | { readonly kind: 'other-request' }
  | { readonly kind: 'again'; readonly status: number; readonly body: string };

export interface IdempotencyTable {
  idempotency_keys: {
    workspace_id: string;
    idempotency_key: string;
    /** Of the request without its PINs, under a key that is erased when answers are no longer kept. */
    fingerprint: string;
    /** The vault's key for the fingerprint and for what is secret in the answer; null in rows of an earlier version. */
    key_id: string | null;
    /** Of the first try; a request taken over from a dead server goes on under it. */
    request_id: string;
    /** Until when the request counts as under way, ms by the machine's clock; null once it was answered. */
    busy_until: number | null;
    status: number | null;
    /** The answer; PINs and secrets in it are sealed. */
    body: string | null;
    /** JSON: what is kept of the PINs that the request named. */
    pins: string | null;
    created_at: number;
  };
}

type Row = IdempotencyTable['idempotency_keys'];

const migrations: Migration[] = [
  {
    name: 'idempotency_keys',
    async up(db) {
      await db.schema
        .createTable('idempotency_keys')
        .addColumn('workspace_id', 'text', (column) => column.notNull())
        .addColumn('idempotency_key', 'text', (column) => column.notNull())
        .addColumn('fingerprint', 'text', (column) => column.notNull())
        .addColumn('request_id', 'text', (column) => column.notNull())
        .addColumn('busy_until', 'bigint')
        .addColumn('status', 'integer')
        .addColumn('body', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('idempotency_keys_pk', ['workspace_id', 'idempotency_key'])
        .execute();
      await db.schema
        .createIndex('idempotency_keys_age')
        .on('idempotency_keys')
        .column('created_at')
        .execute();
    },
  },
  {
    // Made by the master key, they would let guesses be tested for as long as a copy of this file is kept.
    name: 'forget_fingerprints',
    async up(db) {
      await db.schema.alterTable('idempotency_keys').addColumn('key_id', 'text').execute();
      const own = db as unknown as Transaction<IdempotencyTable>;
      await own.updateTable('idempotency_keys').set({ fingerprint: '' }).execute();
    },
  },
  {
    // Those of before told of PINs, too, for as long as the key of that hour was there.
    name: 'pins_apart',
    async up(db) {
      await db.schema.alterTable('idempotency_keys').addColumn('pins', 'text').execute();
      const own = db as unknown as Transaction<IdempotencyTable>;
      await own.updateTable('idempotency_keys').set({ fingerprint: '' }).execute();
    },
  },
];

export interface KeyedRequest {
  readonly workspaceId: string;
  readonly key: string;
  /** Tells it from other requests, its PINs aside, under a key of the vault. */
  readonly fingerprint: (keyId: string) => Promise<string>;
  /** Whether it names other PINs than the first one did, of which that is kept. */
  readonly hasOtherPins: (firstRequestId: string, kept: readonly PinsOfCode[]) => Promise<boolean>;
  readonly requestId: string;
}

/** What is kept of a request that was answered. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: string;
  readonly pins: readonly PinsOfCode[];
}

/** One key of the vault serves the requests of so long, ms. */
const KEY_SERVES = HOUR;

/** Which requests came with which idempotency key, and what they were answered. */
export class IdempotencyRecords {
  private purgedAt = -Infinity;
  /** Keys that were to be left to the next try while the database was away. */
  private readonly left = new Set<string>();
  /** Claims of this process that may have been written or not: nobody is at work under one. */
  private readonly unsure = new LRUCache<string, true>({ max: 10_000 });
  private current = { keyId: '', since: -Infinity };

  private constructor(
    private readonly database: Database<IdempotencyTable>,
    private readonly clock: Clock,
    private readonly keys: Pick<Vault, 'erase' | 'unknownKeys'>,
    private readonly wall: () => number,
  ) {}

  /**
   * @param database that of the records
   * @param clock by which answers are kept for a day
   * @param keys where the keys are, and are erased when nothing is kept for them any more
   */
  static async open<T>(
    database: Database<T>,
    clock: Clock,
    keys: Pick<Vault, 'erase' | 'unknownKeys'>,
    wall: () => number = Date.now,
  ): Promise<IdempotencyRecords> {
    await migrate(database, 'idempotency', migrations);
    const own = database as unknown as Database<IdempotencyTable>;
    // A SQLite file has one server: what was under way when this one started has died with the one before.
    if (database.engine === 'sqlite') {
      await own.db
        .updateTable('idempotency_keys')
        .set({ busy_until: 0 })
        .where('busy_until', 'is not', null)
        .execute();
    }
    return new IdempotencyRecords(own, clock, keys, wall);
  }

  /** Takes the key for a request, or says what became of the one that has it. */
  async claim(request: KeyedRequest): Promise<KeyClaim> {
    await this.purge();
    const keyId = this.keyId();
    const fingerprint = await request.fingerprint(keyId);
    for (;;) {
      if (await this.insert(request, keyId, fingerprint)) {
        return { kind: 'first', requestId: request.requestId, keyId };
      }
      const claim = await this.known(request);
      if (claim) return claim;
    }
  }

  /** Whether another request has the key: asked for those that change nothing, of which nothing is kept. */
  async isAnothers(request: KeyedRequest): Promise<boolean> {
    const row = await this.find(request);
    if (!row || row.created_at <= this.clock.now() - KEPT_FOR) return false;
    return this.isOther(request, row);
  }

  /** Keeps the answer. */
  async answered({ workspaceId, key }: KeyedRequest, { status, body, pins }: KeptAnswer): Promise<void> {
    await this.database.db
      .updateTable('idempotency_keys')
      .set({ busy_until: null, status, body, pins: JSON.stringify(pins) })
      .where('workspace_id', '=', workspaceId)
      .where('idempotency_key', '=', key)
      .execute();
  }

  /**
   * Lets the next try have the key, under the first one's request id: something was away, and how much was done is
   * not known. Where even this can't be written, this process remembers it.
   */
  async leaveToNext({ workspaceId, key }: KeyedRequest): Promise<void> {
    this.left.add(keyOf(workspaceId, key));
    await this.database.db
      .updateTable('idempotency_keys')
      .set({ busy_until: 0 })
      .where('workspace_id', '=', workspaceId)
      .where('idempotency_key', '=', key)
      .where('busy_until', 'is not', null)
      .execute();
    this.left.delete(keyOf(workspaceId, key));
  }

  /** Gives the key back: nothing was done, and the same request may be tried again. */
  async release({ workspaceId, key }: KeyedRequest): Promise<void> {
    await this.database.db
      .deleteFrom('idempotency_keys')
      .where('workspace_id', '=', workspaceId)
      .where('idempotency_key', '=', key)
      .execute();
  }

  /**
   * Forgets the answers to requests that may have been at work since `instant`, ms by our clock: the event store was
   * restored to what it was then, and what they tell of is gone.
   */
  async forgetSince(instant: number): Promise<void> {
    await this.database.db
      .deleteFrom('idempotency_keys')
      .where('created_at', '>=', instant - DEAD_AFTER)
      .execute();
  }

  private async insert(request: KeyedRequest, keyId: string, fingerprint: string): Promise<boolean> {
    const busyUntil = this.wall() + DEAD_AFTER;
    const inserting = this.database.db
      .insertInto('idempotency_keys')
      .values({
        workspace_id: request.workspaceId,
        idempotency_key: request.key,
        fingerprint,
        key_id: keyId,
        request_id: request.requestId,
        busy_until: busyUntil,
        status: null,
        body: null,
        pins: null,
        created_at: this.clock.now(),
      })
      .onConflict((conflict) => conflict.columns(['workspace_id', 'idempotency_key']).doNothing());
    const result = await this.claiming(request, busyUntil, () => inserting.executeTakeFirst());
    return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
  }

  /** Undefined where the one that had the key is gone by now. */
  private async known(request: KeyedRequest): Promise<KeyClaim | undefined> {
    const row = await this.find(request);
    if (!row) return undefined;
    if (row.created_at <= this.clock.now() - KEPT_FOR) {
      await this.forget(row.created_at, request);
      return undefined;
    }
    if (await this.isOther(request, row)) return { kind: 'other-request' };
    if (row.busy_until === null) return { kind: 'again', status: row.status!, body: row.body! };
    const key = keyOf(request.workspaceId, request.key);
    const left = this.left.has(key) || this.unsure.has(claimOf(request, row.busy_until));
    if (row.busy_until > this.wall() && !left) {
      const begunFor = this.wall() - (row.busy_until - DEAD_AFTER);
      return { kind: begunFor < ANSWER_WITHIN_MS ? 'under-way' : 'late' };
    }
    const busyUntil = this.wall() + DEAD_AFTER;
    const taking = this.database.db
      .updateTable('idempotency_keys')
      .set({ busy_until: busyUntil })
      .where('workspace_id', '=', request.workspaceId)
      .where('idempotency_key', '=', request.key)
      .where('busy_until', '=', row.busy_until);
    const taken = await this.claiming(request, busyUntil, () => taking.executeTakeFirst());
    // Not before: where even this could not be written, it is still for the next try.
    this.left.delete(key);
    this.unsure.delete(claimOf(request, row.busy_until));
    if (taken.numUpdatedRows === 0n) return undefined;
    return { kind: 'first', requestId: row.request_id, keyId: row.key_id ?? this.keyId() };
  }

  /** Where the answer to a claim is lost, the next try must not be told that somebody is at work. */
  private async claiming<T>(request: KeyedRequest, busyUntil: number, claim: () => Promise<T>): Promise<T> {
    try {
      return await claim();
    } catch (error) {
      this.unsure.set(claimOf(request, busyUntil), true);
      throw error;
    }
  }

  private find({ workspaceId, key }: KeyedRequest): Promise<Row | undefined> {
    return this.database.db
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('idempotency_key', '=', key)
      .executeTakeFirst();
  }

  /** Of what an earlier version has kept, only the key tells. */
  private async isOther(request: KeyedRequest, row: Row): Promise<boolean> {
    if (row.key_id === null || row.fingerprint === '') return false;
    const pins = row.pins === null ? [] : (JSON.parse(row.pins) as PinsOfCode[]);
    // Of a vault that was restored from before them: by such a key nothing can be told, and none is to be made.
    const unknown = new Set(await this.keys.unknownKeys([row.key_id, ...pins.map(({ keyId }) => keyId)]));
    const known = pins.filter(({ keyId }) => !unknown.has(keyId));
    if (!unknown.has(row.key_id) && row.fingerprint !== (await request.fingerprint(row.key_id))) return true;
    return request.hasOtherPins(row.request_id, known);
  }

  private async forget(createdAt: number, { workspaceId, key }: KeyedRequest): Promise<void> {
    await this.database.db
      .deleteFrom('idempotency_keys')
      .where('workspace_id', '=', workspaceId)
      .where('idempotency_key', '=', key)
      .where('created_at', '=', createdAt)
      .execute();
  }

  private async purge(): Promise<void> {
    const now = this.clock.now();
    if (now - this.purgedAt < PURGE_EVERY) return;
    this.purgedAt = now;
    const { db } = this.database;
    const old = await db
      .selectFrom('idempotency_keys')
      .select('key_id')
      .distinct()
      .where('created_at', '<=', now - KEPT_FOR)
      .execute();
    await db
      .deleteFrom('idempotency_keys')
      .where('created_at', '<=', now - KEPT_FOR)
      .execute();
    if (old.length === 0) return;
    const inUse = await db
      .selectFrom('idempotency_keys')
      .select('key_id')
      .distinct()
      .where(
        'key_id',
        'in',
        old.map((row) => row.key_id),
      )
      .execute();
    const kept = new Set([this.current.keyId, ...inUse.map((row) => row.key_id)]);
    for (const { key_id } of old) if (key_id !== null && !kept.has(key_id)) await this.keys.erase(key_id);
  }

  private keyId(): string {
    const now = this.clock.now();
    if (now >= this.current.since + KEY_SERVES || now < this.current.since) {
      this.current = { keyId: `idempotency/${randomUUID()}`, since: now };
    }
    return this.current.keyId;
  }
}

const claimOf = ({ workspaceId, key }: KeyedRequest, busyUntil: number): string =>
  `${keyOf(workspaceId, key)} until ${busyUntil}`;

const keyOf = (workspaceId: string, key: string): string => `${workspaceId}/${key}`;
