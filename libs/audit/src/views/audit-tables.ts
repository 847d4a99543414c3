import type { Kysely } from 'kysely';
import type { Tables } from '@latchkey/event-sourcing';

/** Raised when what is kept of a fact changes: the view is built again then. */
export const AUDIT_VERSION = 1;
export const ENTRIES = `audit_entries_v${AUDIT_VERSION}` as const;
export const CODES_AT_DOORS = `audit_codes_v${AUDIT_VERSION}` as const;
export const CHAINS = `audit_chains_v${AUDIT_VERSION}` as const;
export const LOCKS = `audit_locks_v${AUDIT_VERSION}` as const;

export interface AuditTables {
  /** Every fact, by what it is about. */
  [ENTRIES]: {
    event_id: string;
    workspace_id: string;
    /** ms, by our clock */
    occurred_at: number;
    /** ms, by the event store's */
    recorded_at: number;
    /** The place in the order of all events. */
    commit_position: number;
    prepare_position: number;
    event_type: string;
    actor_type: string;
    actor_id: string | null;
    request_id: string;
    causation_id: string;
    access_code_id: string | null;
    device_id: string | null;
    connected_account_id: string | null;
    action_attempt_id: string | null;
    connect_webview_id: string | null;
    /** What else is in it, as JSON; nothing of PINs. */
    detail: string;
  };
  /** The lock of each code, and how long the code may have been on it. */
  [CODES_AT_DOORS]: {
    access_code_id: string;
    workspace_id: string;
    device_id: string;
    connected_account_id: string;
    /** When it was first sent to the lock, ms; null: not yet. */
    first_at: number | null;
    /** ms; null while it may still be there */
    gone_at: number | null;
  };
  /** How far the chain of each workspace has come. */
  [CHAINS]: { workspace_id: string; length: number; hash: string };
  [LOCKS]: { device_id: string; workspace_id: string; connected_account_id: string };
}

/** The filters of a history. Each has an index of its own, in the order of a history. */
export const HISTORY_KEYS = [
  'access_code_id',
  'device_id',
  'connected_account_id',
  'actor_id',
  'request_id',
] as const;

export async function createAuditTables(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable(ENTRIES)
    // Not the key: those of older facts come in no order, so that each row would write a page of the key's index.
    .addColumn('event_id', 'text', (c) => c.notNull())
    .addColumn('workspace_id', 'text', (c) => c.notNull())
    .addColumn('occurred_at', 'bigint', (c) => c.notNull())
    .addColumn('recorded_at', 'bigint', (c) => c.notNull())
    .addColumn('commit_position', 'bigint', (c) => c.notNull())
    .addColumn('prepare_position', 'bigint', (c) => c.notNull())
    .addColumn('event_type', 'text', (c) => c.notNull())
    .addColumn('actor_type', 'text', (c) => c.notNull())
    .addColumn('actor_id', 'text')
    .addColumn('request_id', 'text', (c) => c.notNull())
    .addColumn('causation_id', 'text', (c) => c.notNull())
    .addColumn('access_code_id', 'text')
    .addColumn('device_id', 'text')
    .addColumn('connected_account_id', 'text')
    .addColumn('action_attempt_id', 'text')
    .addColumn('connect_webview_id', 'text')
    .addColumn('detail', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable(CODES_AT_DOORS)
    .addColumn('access_code_id', 'text', (c) => c.primaryKey())
    .addColumn('workspace_id', 'text', (c) => c.notNull())
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('connected_account_id', 'text', (c) => c.notNull())
    .addColumn('first_at', 'bigint')
    .addColumn('gone_at', 'bigint')
    .execute();
  await db.schema
    .createTable(CHAINS)
    .addColumn('workspace_id', 'text', (c) => c.primaryKey())
    .addColumn('length', 'bigint', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable(LOCKS)
    .addColumn('device_id', 'text', (c) => c.primaryKey())
    .addColumn('workspace_id', 'text', (c) => c.notNull())
    .addColumn('connected_account_id', 'text', (c) => c.notNull())
    .execute();
}

/** What only readers need, created once all of history is there. */
export async function indexAuditTables(db: Kysely<Tables>): Promise<void> {
  for (const key of [undefined, ...HISTORY_KEYS]) await indexBy(db, key);
  await db.schema
    .createIndex(`audit_by_event_v${AUDIT_VERSION}`)
    .ifNotExists()
    .on(ENTRIES)
    .column('event_id')
    .execute();
  await db.schema
    .createIndex(`audit_codes_by_device_v${AUDIT_VERSION}`)
    .ifNotExists()
    .on(CODES_AT_DOORS)
    .columns(['device_id', 'gone_at', 'first_at'])
    .execute();
}

/** The history of each code, where nothing has needed it before. */
export const indexByCode = (db: Kysely<Tables>): Promise<void> => indexBy(db, 'access_code_id');

async function indexBy(db: Kysely<Tables>, key: (typeof HISTORY_KEYS)[number] | undefined): Promise<void> {
  const index = db.schema
    .createIndex(`audit_by_${key ?? 'workspace'}_v${AUDIT_VERSION}`)
    .ifNotExists()
    .on(ENTRIES)
    .columns([
      'workspace_id',
      ...(key ? [key] : []),
      ...['occurred_at', 'commit_position', 'prepare_position'],
    ]);
  await (key ? index.where(key, 'is not', null) : index).execute();
}

export async function dropAuditTables(db: Kysely<Tables>, version: number): Promise<void> {
  for (const name of ['entries', 'codes', 'chains', 'locks'])
    await db.schema.dropTable(`audit_${name}_v${version}`).ifExists().execute();
}
