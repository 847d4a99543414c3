import { prepared } from '@latchkey/database';
import type { Transaction } from 'kysely';
import { deviceOfCode, dueByEvent } from './agenda-statements';
import { AGENDA, type AgendaRow, type AgendaTables, LOCK_CODES, LOCKS, type WakeRow } from './agenda-tables';
import { type LockLease, lockLeases } from './lock-leases';
import { wake } from './wakes';

/** What a new row has of its own; instants in ms. */
export interface NewRow {
  readonly subject: string;
  readonly kind: AgendaRow['kind'];
  readonly id: string;
  readonly deviceId: string | null;
  readonly accountId: string | null;
  readonly maker: string | null;
  readonly dueAt: number;
}

export type InsertedRow = NewRow & { readonly workspaceId: string; readonly revision: number };

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
}

/** Each change is written at once, beside workers that claim and settle rows. */
export function writtenAtOnce(trx: Transaction<AgendaTables>): AgendaChanges {
  return {
    put: async (row) => void (await insert.run(trx, row)),
    reserve: async (row) => void (await reserved.run(trx, row)),
    dueByEvent: async (subject, revision, dueAt) =>
      void (await dueByEvent.run(trx, { subject, revision, dueAt })),
    seen: async (subject, revision) => void (await seen.run(trx, { subject, revision })),
    dueNow: async (id, dueAt) => void (await dueNow.run(trx, { id, dueAt })),
    keypadHasRoom: async (deviceId, dueAt) => void (await dueForKeypad.run(trx, { deviceId, dueAt })),
    wake: (scope, id, dueAt) => wake(trx, scope, id, dueAt),
    deviceOf: async (codeId) => {
      const [found] = await deviceOfCode.rows(trx, { subject: `code:${codeId}` });
      return found?.device_id;
    },
    onLock: async (code) => void (await belongs.run(trx, code)),
    offLock: async (codeId) => void (await ownsNothing.run(trx, { codeId })),
    hold: (lease) => lockLeases.hold(trx, lease),
    freeOf: (codeId) => lockLeases.freeOf(trx, codeId),
    async addLock({ deviceId, accountId, maker, lockId }) {
      const lock = { account_id: accountId, maker, lock_id: lockId };
      await trx
        .insertInto(LOCKS)
        .values({ device_id: deviceId, ...lock, read_back_of: null })
        .onConflict((c) => c.column('device_id').doUpdateSet(lock))
        .execute();
    },
  };
}

/** A row as it is added. */
export const inserted = (p: InsertedRow): AgendaRow => ({
  subject: p.subject,
  workspace_id: p.workspaceId,
  kind: p.kind,
  id: p.id,
  device_id: p.deviceId,
  account_id: p.accountId,
  maker: p.maker,
  due_at: p.dueAt,
  revision: p.revision,
  planned_revision: -1,
  version: 0,
  attempts: 0,
  for_keypad: 0,
  waiting_for_lock: 0,
  waiting_since: 0,
  lease_owner: null,
  lease_until: 0,
});

const reserved = prepared<AgendaTables, InsertedRow, unknown>((db, p) =>
  db
    .insertInto(AGENDA)
    .values(inserted(p))
    .onConflict((c) =>
      c.column('subject').doUpdateSet((eb) => ({
        due_at: eb
          .case()
          .when(`${AGENDA}.due_at`, '<', p.dueAt)
          .then(eb.ref(`${AGENDA}.due_at`))
          .else(eb.ref('excluded.due_at'))
          .end(),
        version: eb(`${AGENDA}.version`, '+', 1),
      })),
    ),
);

const insert = prepared<AgendaTables, InsertedRow, unknown>((db, p) =>
  db
    .insertInto(AGENDA)
    .values(inserted(p))
    .onConflict((c) =>
      c.column('subject').doUpdateSet((eb) => ({
        due_at: p.dueAt,
        revision: p.revision,
        device_id: eb.fn.coalesce(`${AGENDA}.device_id`, 'excluded.device_id'),
        account_id: eb.fn.coalesce('excluded.account_id', `${AGENDA}.account_id`),
        maker: eb.fn.coalesce('excluded.maker', `${AGENDA}.maker`),
      })),
    ),
);

const seen = prepared<AgendaTables, { subject: string; revision: number }, unknown>((db, p) =>
  db.updateTable(AGENDA).set({ revision: p.revision }).where('subject', '=', p.subject),
);

/** `id` is the row's subject. */
const dueNow = prepared<AgendaTables, { id: string; dueAt: number }, unknown>((db, p) =>
  db
    .updateTable(AGENDA)
    .set((eb) => ({ due_at: p.dueAt, version: eb('version', '+', 1) }))
    .where('subject', '=', p.id),
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
