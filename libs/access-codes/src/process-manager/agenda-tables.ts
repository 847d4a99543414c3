import type { Tables } from '@latchkey/event-sourcing';
import type { Kysely } from 'kysely';

/**
 * Timers and work in one view: one row for each access code (and account, and device) that says when it next
 * needs a look. `due_at` is ms; 0 is now, null is when something happens.
 */
export interface AgendaTables {
  agenda_v1: {
    subject: string;
    kind: 'code' | 'device' | 'account';
    id: string;
    device_id: string | null;
    account_id: string | null;
    /** Of an account: its lock maker. */
    maker: string | null;
    due_at: number | null;
    /** The last event of the subject's own stream that was seen here. */
    revision: number;
    /** The revision that the subject was last planned on: `due_at` is right for all up to it. */
    planned_revision: number;
    /** Grows when something other than its own stream makes the subject due. */
    version: number;
    for_keypad: number;
    /** 0: not waiting for the lock; 1: waiting; 2: its turn has come. */
    waiting_for_lock: number;
    waiting_since: number;
    lease_owner: string | null;
    /** Wall clock, ms: a dead worker's rows come back. */
    lease_until: number;
  };
  /** At most one command in flight per lock. `until` is the command's deadline, ms by our clock. */
  lock_leases_v1: { device_id: string; command_id: string; code_id: string; until: number };
  /** Which code on which lock is whose. */
  lock_codes_v1: { device_id: string; lock_code_id: string; code_id: string };
  /** Which device is which lock, and what its maker last told of it. */
  locks_v1: {
    device_id: string;
    account_id: string;
    maker: string;
    lock_id: string;
    read_back_of: string | null;
  };
}

export const AGENDA_VERSION = 1;

/** Makes the agenda's tables. */
export async function createAgendaTables(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('agenda_v1')
    .addColumn('subject', 'text', (c) => c.primaryKey())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('device_id', 'text')
    .addColumn('account_id', 'text')
    .addColumn('maker', 'text')
    .addColumn('due_at', 'bigint')
    .addColumn('revision', 'bigint', (c) => c.notNull().defaultTo(-1))
    .addColumn('planned_revision', 'bigint', (c) => c.notNull().defaultTo(-1))
    .addColumn('version', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('for_keypad', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('waiting_for_lock', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('waiting_since', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('lease_owner', 'text')
    .addColumn('lease_until', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema.createIndex('agenda_by_due_v1').on('agenda_v1').column('due_at').execute();
  await db.schema
    .createIndex('agenda_by_device_v1')
    .on('agenda_v1')
    .columns(['device_id', 'waiting_for_lock'])
    .execute();
  await db.schema.createIndex('agenda_by_account_v1').on('agenda_v1').column('account_id').execute();
  await db.schema
    .createTable('lock_leases_v1')
    .addColumn('device_id', 'text', (c) => c.primaryKey())
    .addColumn('command_id', 'text', (c) => c.notNull())
    .addColumn('code_id', 'text', (c) => c.notNull())
    .addColumn('until', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('lock_leases_by_code_v1').on('lock_leases_v1').column('code_id').execute();
  await db.schema
    .createTable('lock_codes_v1')
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('lock_code_id', 'text', (c) => c.notNull())
    .addColumn('code_id', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('lock_codes_v1_key', ['device_id', 'lock_code_id'])
    .execute();
  await db.schema.createIndex('lock_codes_by_code_v1').on('lock_codes_v1').column('code_id').execute();
  await db.schema
    .createTable('locks_v1')
    .addColumn('device_id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('maker', 'text', (c) => c.notNull())
    .addColumn('lock_id', 'text', (c) => c.notNull())
    .addColumn('read_back_of', 'text')
    .execute();
  await db.schema.createIndex('locks_by_lock_v1').on('locks_v1').columns(['maker', 'lock_id']).execute();
}

/** Drops the agenda's tables of an older version. */
export async function dropAgendaTables(db: Kysely<Tables>, version: number): Promise<void> {
  for (const table of ['agenda', 'lock_leases', 'lock_codes', 'locks']) {
    await db.schema.dropTable(`${table}_v${version}`).ifExists().execute();
  }
}
