import { prepared } from '@latchkey/database';
import type { Kysely } from 'kysely';
import { AGENDA, type AgendaTables, LOCK_LEASES } from './agenda-tables';

type Db = Kysely<AgendaTables>;

export interface LockLease {
  readonly deviceId: string;
  readonly commandId: string;
  readonly codeId: string;
  /** The command's deadline, ms by our clock. */
  readonly until: number;
}

/** A row as a `LockLease`. */
export const LEASE_COLUMNS = [
  'device_id as deviceId',
  'command_id as commandId',
  'code_id as codeId',
  'until',
] as const;

/**
 * Which command is in flight on which lock, at most one: its lease is taken before a lock is touched. The
 * executor takes it, and events hold it until the command's outcome is known. Nothing else writes leases.
 */
export const lockLeases = {
  /** Takes the lock for one command. False: another code's is in flight there. */
  async take(db: Db, lease: LockLease, now: number): Promise<boolean> {
    return (await takeLease.rows(db, { ...lease, now })).length > 0;
  },

  /** The command was sent, and holds the lock until its outcome is known or its deadline has passed. */
  async hold(db: Db, lease: LockLease): Promise<void> {
    await holdLease.run(db, lease);
  },

  /** The command was never sent: the next code's turn. */
  async giveBack(db: Db, { deviceId, commandId }: Pick<LockLease, 'deviceId' | 'commandId'>): Promise<void> {
    await db
      .deleteFrom(LOCK_LEASES)
      .where('device_id', '=', deviceId)
      .where('command_id', '=', commandId)
      .execute();
    await lockLeases.passTurn(db, deviceId);
  },

  /** The command in flight for a code has an outcome: the next code's turn. @returns whether one has waited for it */
  async freeOf(db: Db, codeId: string): Promise<boolean> {
    let isDue = false;
    for (const { device_id } of await freeLeases.rows(db, { codeId })) {
      if (await lockLeases.passTurn(db, device_id)) isDue = true;
    }
    return isDue;
  },

  /**
   * The lock is free, or the code whose turn it was did not need it: the one that has waited longest is next.
   * @returns whether one has waited
   */
  async passTurn(db: Db, deviceId: string): Promise<boolean> {
    return (await wakeNext.run(db, { deviceId })) > 0;
  },

  all(db: Db): Promise<LockLease[]> {
    return db.selectFrom(LOCK_LEASES).select(LEASE_COLUMNS).execute();
  },

  /** No command holds its lock for longer than until an instant, ms. */
  async endBy(db: Db, instant: number): Promise<void> {
    await db.updateTable(LOCK_LEASES).set({ until: instant }).where('until', '>', instant).execute();
  },

  /** When the command in flight is over at the latest, ms; null: none is. */
  async freeAt(db: Db, deviceId: string): Promise<number | null> {
    const row = await db
      .selectFrom(LOCK_LEASES)
      .select('until')
      .where('device_id', '=', deviceId)
      .executeTakeFirst();
    return row?.until ?? null;
  },
};

const values = (p: LockLease) => ({
  device_id: p.deviceId,
  command_id: p.commandId,
  code_id: p.codeId,
  until: p.until,
});

const taken = (p: LockLease) => ({ command_id: p.commandId, code_id: p.codeId, until: p.until });

const takeLease = prepared<AgendaTables, LockLease & { now: number }, { command_id: string }>((db, p) =>
  db
    .insertInto(LOCK_LEASES)
    .values(values(p))
    .onConflict((c) =>
      c
        .column('device_id')
        .doUpdateSet(taken(p))
        .where((eb) =>
          eb.or([eb(`${LOCK_LEASES}.until`, '<=', p.now), eb(`${LOCK_LEASES}.code_id`, '=', p.codeId)]),
        ),
    )
    .returning('command_id'),
);

const holdLease = prepared<AgendaTables, LockLease, unknown>((db, p) =>
  db
    .insertInto(LOCK_LEASES)
    .values(values(p))
    .onConflict((c) => c.column('device_id').doUpdateSet(taken(p))),
);

const freeLeases = prepared<AgendaTables, { codeId: string }, { device_id: string }>((db, p) =>
  db.deleteFrom(LOCK_LEASES).where('code_id', '=', p.codeId).returning('device_id'),
);

const wakeNext = prepared<AgendaTables, { deviceId: string }, unknown>((db, p) =>
  db
    .updateTable(AGENDA)
    .set((eb) => ({
      due_at: eb.ref('waiting_since'),
      waiting_for_lock: 2,
      version: eb('version', '+', 1),
    }))
    .where('subject', '=', (eb) =>
      eb
        .selectFrom(AGENDA)
        .select('subject')
        .where('device_id', '=', p.deviceId)
        // Literal in the statement: a partial index can't be used with a parameter.
        .where('waiting_for_lock', '=', (value) => value.lit(1))
        .orderBy('waiting_since')
        .orderBy('subject')
        .limit(1),
    ),
);
