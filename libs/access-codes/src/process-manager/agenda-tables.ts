import { createDueIndexes, type DueColumns, type Tables } from '@latchkey/event-sourcing';
import { type Kysely, sql } from 'kysely';

/** Raised whenever tables or fold change: the agenda is then built again beside the old one. */
export const AGENDA_VERSION = 3;

/** One row for each access code (and account, and device) that says when it is due. */
export const AGENDA = `agenda_v${AGENDA_VERSION}` as const;
/** At most one command in flight per lock. */
export const LOCK_LEASES = `lock_leases_v${AGENDA_VERSION}` as const;
/** Which code on a lock belongs to which access code. */
export const LOCK_CODES = `lock_codes_v${AGENDA_VERSION}` as const;
/** Rows that are still to be made due, because of an event on which all rows of a device or an account depend. */
export const WAKES = `wakes_v${AGENDA_VERSION}` as const;
/** The lock of each device, and what its maker last reported of it. */
export const LOCKS = `locks_v${AGENDA_VERSION}` as const;

export interface AgendaRow extends DueColumns {
  kind: 'code' | 'device' | 'account';
  id: string;
  device_id: string | null;
  account_id: string | null;
  /** Of an account: its lock maker. */
  maker: string | null;
  /** The last event of the subject's own stream that was folded here. */
  revision: number;
  /** The revision that the subject was last planned on: `due_at` is right for all up to it. */
  planned_revision: number;
  for_keypad: number;
  /** 0: not waiting for the lock; 1: waiting; 2: its turn has come. */
  waiting_for_lock: number;
  /** Since when, ms by our clock. */
  waiting_since: number;
}

export interface LockRow {
  device_id: string;
  account_id: string;
  maker: string;
  lock_id: string;
  read_back_of: string | null;
}

export interface WakeRow {
  /** The column whose value selects the rows; `all`: every row. */
  scope: 'device_id' | 'account_id' | 'all';
  id: string;
  /** Since when, ms by our clock. */
  due_at: number;
  /** Rows up to this subject are due already. */
  after: string;
  /** How often it has had its turn. */
  turn: number;
}

/** Timers and work in one view. */
export interface AgendaTables {
  [AGENDA]: AgendaRow;
  /** `until` is the command's deadline, ms by our clock. */
  [LOCK_LEASES]: { device_id: string; command_id: string; code_id: string; until: number };
  [LOCK_CODES]: { device_id: string; lock_code_id: string; code_id: string };
  [LOCKS]: LockRow;
  [WAKES]: WakeRow;
}

/** Makes the agenda's tables. */
export async function createAgendaTables(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable(AGENDA)
    .addColumn('subject', 'text', (c) => c.primaryKey())
    .addColumn('workspace_id', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('device_id', 'text')
    .addColumn('account_id', 'text')
    .addColumn('maker', 'text')
    .addColumn('due_at', 'bigint')
    .addColumn('revision', 'bigint', (c) => c.notNull())
    .addColumn('planned_revision', 'bigint', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('for_keypad', 'integer', (c) => c.notNull())
    .addColumn('waiting_for_lock', 'integer', (c) => c.notNull())
    .addColumn('waiting_since', 'bigint', (c) => c.notNull())
    .addColumn('lease_owner', 'text')
    .addColumn('lease_until', 'bigint', (c) => c.notNull())
    .execute();
  await indexLooks(db);
  await db.schema
    .createTable(LOCK_LEASES)
    .addColumn('device_id', 'text', (c) => c.primaryKey())
    .addColumn('command_id', 'text', (c) => c.notNull())
    .addColumn('code_id', 'text', (c) => c.notNull())
    .addColumn('until', 'bigint', (c) => c.notNull())
    .execute();
  await index(db, LOCK_LEASES, 'by_code', ['code_id']);
  await db.schema
    .createTable(LOCK_CODES)
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('lock_code_id', 'text', (c) => c.notNull())
    .addColumn('code_id', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint(`${LOCK_CODES}_key`, ['device_id', 'lock_code_id'])
    .execute();
  await index(db, LOCK_CODES, 'by_code', ['code_id']);
  await db.schema
    .createTable(LOCKS)
    .addColumn('device_id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('maker', 'text', (c) => c.notNull())
    .addColumn('lock_id', 'text', (c) => c.notNull())
    .addColumn('read_back_of', 'text')
    .execute();
  await index(db, LOCKS, 'by_lock', ['maker', 'lock_id']);
  await index(db, LOCKS, 'by_account', ['account_id']);
  await createWakes(db);
}

async function createWakes(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable(WAKES)
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('due_at', 'bigint', (c) => c.notNull())
    .addColumn('after', 'text', (c) => c.notNull())
    .addColumn('turn', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint(`${WAKES}_key`, ['scope', 'id'])
    .execute();
}

/** Makes the indexes that serve claims, where they are not there. */
export async function indexAgenda(db: Kysely<Tables>): Promise<void> {
  await createDueIndexes(db, AGENDA);
  await indexLooks(db);
}

/**
 * Makes the indexes that serve events and looks, where they are not there: rows of a device or an account some at a
 * time, and those that wait for a PIN to be free or for their lock, however many rows there are beside them.
 */
export async function indexLooks(db: Kysely<Tables>): Promise<void> {
  const make = (name: string, columns: string[]) =>
    db.schema.createIndex(`${AGENDA}_${name}`).ifNotExists().on(AGENDA).columns(columns);
  await make('of_device', ['device_id', 'subject']).execute();
  await make('of_account', ['account_id', 'subject']).execute();
  await make('for_keypad', ['device_id']).where(sql.ref('for_keypad'), '=', 1).execute();
  await make('for_lock', ['device_id', 'waiting_since', 'subject'])
    .where(sql.ref('waiting_for_lock'), '=', 1)
    .execute();
}

async function index(db: Kysely<Tables>, table: string, name: string, columns: string[]): Promise<void> {
  await db.schema.createIndex(`${table}_${name}`).on(table).columns(columns).execute();
}

/** Drops the agenda's tables of an older version. */
export async function dropAgendaTables(db: Kysely<Tables>, version: number): Promise<void> {
  for (const table of ['agenda', 'lock_leases', 'lock_codes', 'locks', 'wakes']) {
    await db.schema.dropTable(`${table}_v${version}`).ifExists().execute();
  }
}
