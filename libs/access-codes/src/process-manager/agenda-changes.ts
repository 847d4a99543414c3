import { prepared } from '@latchkey/database';
import type { Transaction } from 'kysely';
import { AddedRows } from './added-rows';
import { deviceOfCode, dueByEvent, makeDue, plannedByEvent } from './agenda-statements';
import { AGENDA, type AgendaTables, LOCK_CODES, LOCKS, type WakeRow } from './agenda-tables';
import { type LockLease, lockLeases } from './lock-leases';
import type { PlannedLook } from './looks-from-memory';
import type { InsertedRow } from './new-row';
import { wake } from './wakes';

/** A code under its id on a lock. */
export interface LockCode {
  readonly deviceId: string;
  readonly lockCodeId: string;
  readonly codeId: string;
}

/** What events change in the agenda's tables; instants in ms. */
export interface AgendaChanges {
  /** Adds a row; an existing one becomes due and keeps its columns. */
  put(row: InsertedRow): Promise<void>;
  /** The same for a reservation: an existing code is due at the end of its grace, if not before. */
  reserve(row: InsertedRow): Promise<void>;
  /** A code is due by its own event, unless it was planned with that event known already. */
  dueByEvent(subject: string, revision: number, dueAt: number): Promise<void>;
  /** The same where it was planned for later already; a code that waits for its lock or its keypad is due now. */
  plannedByEvent(subject: string, revision: number, dueAt: number, planned: PlannedLook): Promise<void>;
  /** An event of its own that leaves it due as it was. */
  seen(subject: string, revision: number): Promise<void>;
  /** Something else has happened that a row depends on. */
  dueNow(subject: string, dueAt: number): Promise<void>;
  /** A PIN or a place is free: codes that wait for one on this keypad are due. */
  keypadHasRoom(deviceId: string, dueAt: number): Promise<void>;
  /** All rows of a device or an account are due. @returns whether some of them may follow later */
  wake(scope: Exclude<WakeRow['scope'], 'all'>, id: string, dueAt: number): Promise<boolean>;
  deviceOf(codeId: string): Promise<string | null | undefined>;
  onLock(code: LockCode): Promise<void>;
  /** No lock has the code. */
  offLock(codeId: string): Promise<void>;
  hold(lease: LockLease): Promise<void>;
  freeOf(codeId: string): Promise<void>;
  addLock(lock: { deviceId: string; accountId: string; maker: string; lockId: string }): Promise<void>;
  /** Writes what is not written yet. Nothing may be changed after that. */
  write(): Promise<void>;
  /** The earliest instant that a row was made due for, ms, but for rows that waited for a keypad. */
  readonly earliest: number;
}

/**
 * Each change is written at once, beside workers that claim and settle rows; only rows that are added one after the
 * other are written together.
 */
export function writtenAtOnce(trx: Transaction<AgendaTables>): AgendaChanges {
  const added = new AddedRows(trx);
  let earliest = Infinity;
  const due = (at: number | null): void => {
    if (at !== null && at < earliest) earliest = at;
  };
  /** What comes after rows that were added must find them. */
  const after =
    <A extends unknown[], R>(change: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      await added.write();
      return change(...given);
    };
  return {
    get earliest() {
      return earliest;
    },
    put(row) {
      due(row.dueAt);
      return Promise.resolve(added.put(row));
    },
    reserve(row) {
      due(row.dueAt);
      return Promise.resolve(added.reserve(row));
    },
    dueByEvent: after(async (subject, revision, dueAt) => {
      due(dueAt);
      await dueByEvent.run(trx, { subject, revision, dueAt });
    }),
    plannedByEvent: after(async (subject, revision, dueAt, { revision: plannedOn, until }) => {
      due(until);
      await plannedByEvent.run(trx, { subject, revision, dueAt, plannedOn, until });
    }),
    seen: after(async (subject, revision) => void (await seen.run(trx, { subject, revision }))),
    dueNow: after(async (subject, dueAt) => {
      due(dueAt);
      await makeDue.run(trx, { subject, dueAt });
    }),
    keypadHasRoom: after(async (deviceId, dueAt) => void (await dueForKeypad.run(trx, { deviceId, dueAt }))),
    wake: after((scope, id, dueAt) => {
      due(dueAt);
      return wake(trx, scope, id, dueAt);
    }),
    deviceOf: after(async (codeId) => {
      const [found] = await deviceOfCode.rows(trx, { subject: `code:${codeId}` });
      return found?.device_id;
    }),
    onLock: async (code) => void (await belongs.run(trx, code)),
    offLock: async (codeId) => void (await ownsNothing.run(trx, { codeId })),
    hold: (lease) => lockLeases.hold(trx, lease),
    freeOf: after(async (codeId) => {
      // Those that wait for a lock have been due before.
      if (await lockLeases.freeOf(trx, codeId)) due(-Infinity);
    }),
    write: () => added.write(),
    addLock: (lock) => addLock(trx, lock),
  };
}

async function addLock(
  trx: Transaction<AgendaTables>,
  { deviceId, accountId, maker, lockId }: Parameters<AgendaChanges['addLock']>[0],
): Promise<void> {
  const lock = { account_id: accountId, maker, lock_id: lockId };
  await trx
    .insertInto(LOCKS)
    .values({ device_id: deviceId, ...lock, read_back_of: null })
    .onConflict((c) => c.column('device_id').doUpdateSet(lock))
    .execute();
}

const seen = prepared<AgendaTables, { subject: string; revision: number }, unknown>((db, p) =>
  db.updateTable(AGENDA).set({ revision: p.revision }).where('subject', '=', p.subject),
);

const dueForKeypad = prepared<AgendaTables, { deviceId: string; dueAt: number }, unknown>((db, p) =>
  db
    .updateTable(AGENDA)
    .set((eb) => ({ due_at: p.dueAt, for_keypad: 0, version: eb('version', '+', 1) }))
    .where('device_id', '=', p.deviceId)
    // Literal in the statement: a partial index can't be used with a parameter.
    .where('for_keypad', '=', (eb) => eb.lit(1)),
);

const belongs = prepared<AgendaTables, { deviceId: string; lockCodeId: string; codeId: string }, unknown>(
  (db, p) =>
    db
      .insertInto(LOCK_CODES)
      .values({ device_id: p.deviceId, lock_code_id: p.lockCodeId, code_id: p.codeId })
      .onConflict((c) => c.columns(['device_id', 'lock_code_id']).doUpdateSet({ code_id: p.codeId })),
);

const ownsNothing = prepared<AgendaTables, { codeId: string }, unknown>((db, p) =>
  db.deleteFrom(LOCK_CODES).where('code_id', '=', p.codeId),
);
