import { chunks, prepared, preparedIn, preparedRows } from '@latchkey/database';
import type { RecordedEvent } from '@latchkey/event-sourcing';
import type { Transaction } from 'kysely';
import { ACCESS_CODE } from '../domain/events';
import { KEYPAD, keypadCodec } from '../domain/keypad';
import { type AgendaChanges, type LockCode, writtenAtOnce } from './agenda-changes';
import {
  AGENDA,
  type AgendaRow,
  type AgendaTables,
  LOCK_CODES,
  LOCK_LEASES,
  type WakeRow,
} from './agenda-tables';
import { LEASE_COLUMNS, type LockLease, lockLeases } from './lock-leases';
import { inserted, type InsertedRow, ROW_COLUMNS } from './new-row';
import { OfCodes } from './of-codes';

type Trx = Transaction<AgendaTables>;
type Scope = Exclude<WakeRow['scope'], 'all'>;

/** How many rows one statement reads, and writes. */
const READ_AT_ONCE = 1_000;
const ROWS_AT_ONCE = 50;

/**
 * While the agenda is built nobody else reads or writes it: the rows that a batch of events is about are read
 * together, changed in memory and written together. Rows that it is not about are changed where they are.
 */
export class GatheredChanges implements AgendaChanges {
  private readonly changed = new Set<AgendaRow>();
  /** What is to be done to rows that are not here, in order: of the same thing the last one counts. */
  private readonly elsewhere = new Map<string, () => Promise<unknown>>();
  /** Locks whose command has an outcome. */
  private readonly freed = new Set<string>();
  private readonly stored: AgendaChanges;

  /** Reads the rows that are about the same subjects as these events. */
  static async of(trx: Trx, events: readonly RecordedEvent[]): Promise<GatheredChanges> {
    const subjects = new Set(events.map(subjectOf));
    const codes = [...subjects].flatMap((s) => (s.startsWith('code:') ? [s.slice('code:'.length)] : []));
    const rows: AgendaRow[] = [];
    for (const some of chunks([...subjects], READ_AT_ONCE)) rows.push(...(await rowsOf.rows(trx, {}, some)));
    const onLocks: LockCode[] = [];
    const leases: LockLease[] = [];
    for (const some of chunks(codes, READ_AT_ONCE)) {
      onLocks.push(...(await lockCodesOf.rows(trx, {}, some)));
      leases.push(...(await leasesOf.rows(trx, {}, some)));
    }
    return new GatheredChanges(trx, subjects, rows, onLocks, leases);
  }

  /** It is not told: who builds the agenda looks at all of it anyway. */
  readonly earliest = -Infinity;
  private readonly rows = new Map<string, AgendaRow>();
  private readonly lockCodes: OfCodes<LockCode>;
  private readonly leases: OfCodes<LockLease>;

  private constructor(
    private readonly trx: Trx,
    /** Whose rows are all here. */
    private readonly subjects: ReadonlySet<string>,
    rows: readonly AgendaRow[],
    lockCodes: readonly LockCode[],
    leases: readonly LockLease[],
  ) {
    this.stored = writtenAtOnce(trx);
    for (const row of rows) this.rows.set(row.subject, row);
    this.lockCodes = new OfCodes(
      ({ deviceId, lockCodeId }) => JSON.stringify([deviceId, lockCodeId]),
      lockCodes,
    );
    this.leases = new OfCodes(({ deviceId }) => deviceId, leases);
  }

  put(given: InsertedRow): Promise<void> {
    const row = this.rows.get(given.subject);
    if (!row) return this.insert(given);
    return this.change(row, {
      due_at: given.dueAt,
      revision: given.revision,
      planned_revision: given.isPlanned ? given.revision : row.planned_revision,
      maker: given.maker ?? row.maker,
      device_id: row.device_id ?? given.deviceId,
      account_id: given.accountId ?? row.account_id,
    });
  }

  reserve(given: InsertedRow): Promise<void> {
    const row = this.rows.get(given.subject);
    if (!row) return this.insert(given);
    const isBefore = row.due_at !== null && row.due_at < given.dueAt;
    return this.change(row, { due_at: isBefore ? row.due_at : given.dueAt, version: row.version + 1 });
  }

  dueByEvent(subject: string, revision: number, dueAt: number): Promise<void> {
    const row = this.rows.get(subject);
    if (!row) return DONE;
    return this.change(row, { revision, due_at: row.planned_revision >= revision ? row.due_at : dueAt });
  }

  /** Once it is built, codes are looked at many at a time. */
  plannedByEvent(subject: string, revision: number, dueAt: number): Promise<void> {
    return this.dueByEvent(subject, revision, dueAt);
  }

  seen(subject: string, revision: number): Promise<void> {
    const row = this.rows.get(subject);
    return row ? this.change(row, { revision }) : DONE;
  }

  dueNow(subject: string, dueAt: number): Promise<void> {
    const row = this.rows.get(subject);
    if (row) return this.change(row, { due_at: dueAt, version: row.version + 1 });
    if (!this.subjects.has(subject)) this.later(subject, () => this.stored.dueNow(subject, dueAt));
    return DONE;
  }

  async keypadHasRoom(deviceId: string, dueAt: number): Promise<void> {
    this.later(`keypad ${deviceId}`, () => this.stored.keypadHasRoom(deviceId, dueAt));
    // Rarely is anything asked of all rows of a device: to keep them by it would cost each row more.
    for (const row of this.rows.values()) {
      if (row.for_keypad !== 1 || row.device_id !== deviceId) continue;
      await this.change(row, { due_at: dueAt, for_keypad: 0, version: row.version + 1 });
    }
  }

  async wake(scope: Scope, id: string, dueAt: number): Promise<boolean> {
    this.later(`${scope} ${id}`, () => this.stored.wake(scope, id, dueAt));
    for (const row of this.rows.values())
      if (row[scope] === id) await this.change(row, { due_at: dueAt, version: row.version + 1 });
    return true;
  }

  deviceOf(codeId: string): Promise<string | null | undefined> {
    return Promise.resolve(this.rows.get(`code:${codeId}`)?.device_id);
  }

  onLock(code: LockCode): Promise<void> {
    this.lockCodes.put(code);
    return DONE;
  }

  offLock(codeId: string): Promise<void> {
    this.lockCodes.dropOf(codeId);
    return DONE;
  }

  hold(lease: LockLease): Promise<void> {
    this.leases.put(lease);
    return DONE;
  }

  freeOf(codeId: string): Promise<void> {
    for (const { deviceId } of this.leases.dropOf(codeId)) this.freed.add(deviceId);
    return DONE;
  }

  addLock(lock: Parameters<AgendaChanges['addLock']>[0]): Promise<void> {
    return this.stored.addLock(lock);
  }

  /** Writes all of it. Nothing may be changed after that. */
  async write(): Promise<void> {
    const { trx, lockCodes, leases } = this;
    // First what is also about rows that are here, whose last state is written over it.
    for (const change of this.elsewhere.values()) await change();
    for (const some of chunks([...this.changed], ROWS_AT_ONCE)) await putRows.rows(trx, some);
    for (const code of lockCodes.dropped) await dropLockCode.run(trx, code);
    for (const some of chunks(lockCodes.changed, ROWS_AT_ONCE))
      await putLockCodes.rows(
        trx,
        some.map((c) => ({ device_id: c.deviceId, lock_code_id: c.lockCodeId, code_id: c.codeId })),
      );
    for (const lease of leases.dropped) await dropLease.run(trx, lease);
    for (const lease of leases.changed) await lockLeases.hold(trx, lease);
    for (const deviceId of this.freed) await lockLeases.passTurn(trx, deviceId);
  }

  private later(key: string, change: () => Promise<unknown>): void {
    this.elsewhere.delete(key);
    this.elsewhere.set(key, change);
  }

  private insert(given: InsertedRow): Promise<void> {
    const row = inserted(given);
    this.rows.set(row.subject, row);
    this.changed.add(row);
    return DONE;
  }

  private change(row: AgendaRow, set: Partial<AgendaRow>): Promise<void> {
    Object.assign(row, set);
    this.changed.add(row);
    return DONE;
  }
}

const DONE = Promise.resolve();

/** The row that an event is about. */
function subjectOf(event: RecordedEvent): string {
  const category = event.stream.slice(0, event.stream.indexOf('-'));
  const id = event.stream.slice(category.length + 1);
  if (category === ACCESS_CODE) return `code:${id}`;
  if (category !== KEYPAD) return `${category}:${id}`;
  const told = keypadCodec.decode(event);
  return told.type === 'PinReserved' ? `code:${told.data.codeId}` : `device:${id}`;
}

const rowsOf = preparedIn<AgendaTables, object, AgendaRow>((db, _, subjects) =>
  db.selectFrom(AGENDA).selectAll().where('subject', 'in', subjects),
);

const lockCodesOf = preparedIn<AgendaTables, object, LockCode>((db, _, codes) =>
  db
    .selectFrom(LOCK_CODES)
    .select(['device_id as deviceId', 'lock_code_id as lockCodeId', 'code_id as codeId'])
    .where('code_id', 'in', codes),
);

const leasesOf = preparedIn<AgendaTables, object, LockLease>((db, _, codes) =>
  db.selectFrom(LOCK_LEASES).select(LEASE_COLUMNS).where('code_id', 'in', codes),
);

const putRows = preparedRows<AgendaTables, AgendaRow>(ROW_COLUMNS, (db, rows) =>
  db
    .insertInto(AGENDA)
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('subject').doUpdateSet((eb) => ({
        device_id: eb.ref('excluded.device_id'),
        account_id: eb.ref('excluded.account_id'),
        maker: eb.ref('excluded.maker'),
        due_at: eb.ref('excluded.due_at'),
        revision: eb.ref('excluded.revision'),
        planned_revision: eb.ref('excluded.planned_revision'),
        version: eb.ref('excluded.version'),
        for_keypad: eb.ref('excluded.for_keypad'),
      })),
    ),
);

const putLockCodes = preparedRows<AgendaTables, AgendaTables[typeof LOCK_CODES]>(
  ['device_id', 'lock_code_id', 'code_id'],
  (db, rows) =>
    db
      .insertInto(LOCK_CODES)
      .values(rows)
      .onConflict((c) =>
        c
          .columns(['device_id', 'lock_code_id'])
          .doUpdateSet((eb) => ({ code_id: eb.ref('excluded.code_id') })),
      ),
);

const dropLockCode = prepared<AgendaTables, LockCode, unknown>((db, p) =>
  db.deleteFrom(LOCK_CODES).where('device_id', '=', p.deviceId).where('lock_code_id', '=', p.lockCodeId),
);

const dropLease = prepared<AgendaTables, LockLease, unknown>((db, p) =>
  db.deleteFrom(LOCK_LEASES).where('device_id', '=', p.deviceId),
);
