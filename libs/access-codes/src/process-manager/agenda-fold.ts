import { accountCodec, deviceCodec, type DeviceEvent } from '@latchkey/devices';
import { prepared } from '@latchkey/database';
import type { RecordedEvent } from '@latchkey/event-sourcing';
import type { Transaction } from 'kysely';
import { codeCodec, type CodeEvent } from '../domain/events';
import { keypadCodec, RESERVATION_GRACE } from '../domain/keypad';
import { deviceOfCode, dueByEvent } from './agenda-statements';
import { AGENDA, type AgendaRow, type AgendaTables, LOCK_CODES, LOCKS } from './agenda-tables';
import { lockLeases } from './lock-leases';
import { wake } from './wakes';

type Trx = Transaction<AgendaTables>;

/** Events of a device that leave its codes as they are. */
const NO_MATTER: ReadonlySet<DeviceEvent['type']> = new Set([
  'BatteryRanLow',
  'BatteryRecovered',
  'BatteryMeasured',
  'CodeLengthsReported',
]);

/** Whether an event of a code sets when the code is due, whatever the event before it set. */
export function makesDueAnew(recorded: RecordedEvent): boolean {
  return codeCodec.knows(recorded.type) && !KEEPS_DUE.has(recorded.type);
}

/** Events that add a row, or leave it due as it was. */
const KEEPS_DUE: ReadonlySet<string> = new Set<CodeEvent['type']>([
  'CodeRequested',
  'UnmanagedCodeSeen',
  'Forgotten',
  'ProgrammingAccepted',
]);

/**
 * @param now the clock's reading, ms: an event from a process whose clock is ahead makes nothing due later than that
 * @param overtaken the next event of the code is folded with it, and sets when it is due
 */
export async function foldCode(
  trx: Trx,
  codeId: string,
  recorded: RecordedEvent,
  now: number,
  overtaken = false,
) {
  const event = codeCodec.decode(recorded);
  const { revision } = recorded;
  const dueAt = Math.min(event.at, now);
  switch (event.type) {
    case 'CodeRequested': {
      const { deviceId, accountId } = event.data;
      await put(trx, recorded, row('code', codeId, { deviceId, accountId, dueAt }));
      if (event.data.usesBackupPool) await dueNow.run(trx, { id: `device:${deviceId}`, dueAt });
      return;
    }
    case 'UnmanagedCodeSeen': {
      const { deviceId, accountId, lockCodeId } = event.data;
      await put(trx, recorded, row('code', codeId, { deviceId, accountId, dueAt }));
      await belongs.run(trx, { deviceId, lockCodeId, codeId });
      return;
    }
    case 'Forgotten':
      // Its row was dropped when it was removed; what was kept of it since is to be cleaned up now.
      return put(trx, recorded, row('code', codeId, { dueAt }));
    case 'ProgrammingStarted':
    case 'RemovalSent': {
      const until = Date.parse(event.data.deadline);
      if (!overtaken) await dueByEvent.run(trx, { subject: `code:${codeId}`, revision, dueAt: until });
      const deviceId = await deviceOf(trx, codeId);
      if (deviceId) await lockLeases.hold(trx, { deviceId, codeId, commandId: event.data.commandId, until });
      return;
    }
    case 'ProgrammingAccepted':
      await seen.run(trx, { subject: `code:${codeId}`, revision });
      return ownedOnLock(trx, codeId, event.data.lockCodeId);
    default:
      if (!overtaken) await dueByEvent.run(trx, { subject: `code:${codeId}`, revision, dueAt });
      return outcome(trx, codeId, event, dueAt);
  }
}

/** What an event of a code means for its lock. */
async function outcome(trx: Trx, codeId: string, event: CodeEvent, dueAt: number): Promise<void> {
  switch (event.type) {
    case 'ScheduledOnDevice':
    case 'SetOnDevice':
      if (event.data.commandId === null) return;
      await ownedOnLock(trx, codeId, event.data.lockCodeId);
      return lockLeases.freeOf(trx, codeId);
    case 'Removed':
    case 'UnmanagedCodeGone':
    case 'WithdrawnFromDevice':
    case 'RemovedExternally':
      await ownsNothing.run(trx, { codeId });
      return lockLeases.freeOf(trx, codeId);
    case 'ProgrammingFailed':
    case 'RemovalFailed':
    case 'ChangedOnDevice':
    case 'ModifiedExternally':
      return lockLeases.freeOf(trx, codeId);
    case 'BackupAssigned':
      return poolIsShort(trx, codeId, dueAt);
    case 'ChangeRequested':
      return event.data.usesBackupPool ? poolIsShort(trx, codeId, dueAt) : undefined;
    default:
      return;
  }
}

/** The code's device is looked at, so that its backup pool is filled. */
async function poolIsShort(trx: Trx, codeId: string, dueAt: number): Promise<void> {
  const deviceId = await deviceOf(trx, codeId);
  if (deviceId) await dueNow.run(trx, { id: `device:${deviceId}`, dueAt });
}

async function ownedOnLock(trx: Trx, codeId: string, lockCodeId: string): Promise<void> {
  const deviceId = await deviceOf(trx, codeId);
  if (deviceId) await belongs.run(trx, { deviceId, lockCodeId, codeId });
}

async function deviceOf(trx: Trx, codeId: string): Promise<string | null | undefined> {
  const [found] = await deviceOfCode.rows(trx, { subject: `code:${codeId}` });
  return found?.device_id;
}

export async function foldKeypad(trx: Trx, deviceId: string, recorded: RecordedEvent, now: number) {
  const event = keypadCodec.decode(recorded);
  if (event.type === 'PinReserved') {
    // So that a reservation is checked, and released if its code or change never came.
    const dueAt = event.at + RESERVATION_GRACE;
    const { codeId } = event.data;
    await reserved.run(trx, {
      ...row('code', codeId, { deviceId, dueAt }),
      workspaceId: recorded.metadata.workspaceId,
      revision: -1,
    });
  } else if (event.type === 'PinReleased' || event.type === 'SlotReleased') {
    await dueForKeypad.run(trx, { deviceId, dueAt: Math.min(event.at, now) });
  }
}

export async function foldDevice(trx: Trx, deviceId: string, recorded: RecordedEvent, now: number) {
  const event = deviceCodec.decode(recorded);
  const dueAt = Math.min(event.at, now);
  if (event.type === 'DeviceAdded') {
    const { accountId, maker, lockId } = event.data;
    await put(trx, recorded, row('device', deviceId, { deviceId, accountId, dueAt }));
    const lock = { account_id: accountId, maker, lock_id: lockId };
    await trx
      .insertInto(LOCKS)
      .values({ device_id: deviceId, ...lock, read_back_of: null })
      .onConflict((c) => c.column('device_id').doUpdateSet(lock))
      .execute();
  }
  if (NO_MATTER.has(event.type)) return;
  // Its codes are ended with it.
  if (event.type === 'DeviceDeleted') {
    await dueNow.run(trx, { id: `device:${deviceId}`, dueAt });
    return;
  }
  if (event.type === 'DeviceUpdated') {
    if (event.data.backupPool !== undefined) await dueNow.run(trx, { id: `device:${deviceId}`, dueAt });
  } else if (await wake(trx, 'device_id', deviceId, dueAt)) {
    // Its own row would be the last.
    await dueNow.run(trx, { id: `device:${deviceId}`, dueAt });
  }
}

export async function foldAccount(trx: Trx, accountId: string, recorded: RecordedEvent, now: number) {
  const event = accountCodec.decode(recorded);
  const dueAt = Math.min(event.at, now);
  if (event.type === 'AccountUpdated') return;
  // A removed account takes its devices with it, one after the other.
  if (event.type === 'LoginRepeated' || event.type === 'SyncRequested' || event.type === 'AccountRemoved') {
    await dueNow.run(trx, { id: `account:${accountId}`, dueAt });
    return;
  }
  if (event.type === 'AccountConnected') {
    await put(trx, recorded, row('account', accountId, { accountId, maker: event.data.maker, dueAt }));
  }
  await wake(trx, 'account_id', accountId, dueAt);
}

interface NewRow {
  subject: string;
  kind: AgendaRow['kind'];
  id: string;
  deviceId: string | null;
  accountId: string | null;
  maker: string | null;
  dueAt: number;
}

type InsertedRow = NewRow & { workspaceId: string; revision: number };

const row = (kind: AgendaRow['kind'], id: string, rest: Partial<NewRow> & Pick<NewRow, 'dueAt'>): NewRow => ({
  subject: `${kind}:${id}`,
  kind,
  id,
  deviceId: null,
  accountId: null,
  maker: null,
  ...rest,
});

/** Adds a row; an existing one becomes due and keeps its columns. */
async function put(trx: Trx, { metadata, revision }: RecordedEvent, of: NewRow): Promise<void> {
  await insert.run(trx, { ...of, workspaceId: metadata.workspaceId, revision });
}

const inserted = (p: InsertedRow): AgendaRow => ({
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

/** An existing code is due at the end of its reservation's grace, if not before. */
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

/** An event of its own that leaves it due as it was. */
const seen = prepared<AgendaTables, { subject: string; revision: number }, unknown>((db, p) =>
  db.updateTable(AGENDA).set({ revision: p.revision }).where('subject', '=', p.subject),
);

/** Something else has happened that a row depends on; `id` is its subject. */
const dueNow = prepared<AgendaTables, { id: string; dueAt: number }, unknown>((db, p) =>
  db
    .updateTable(AGENDA)
    .set((eb) => ({ due_at: p.dueAt, version: eb('version', '+', 1) }))
    .where('subject', '=', p.id),
);

/** A PIN is free: codes that wait for one on this keypad are due. */
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
