import { accountCodec, deviceCodec, type DeviceEvent } from '@latchkey/devices';
import type { RecordedEvent } from '@latchkey/event-sourcing';
import type { AccessCode } from '../domain/access-code';
import { codeCodec, type CodeEvent } from '../domain/events';
import { keypadCodec, RESERVATION_GRACE } from '../domain/keypad';
import { requested } from '../domain/transitions';
import type { AgendaChanges } from './agenda-changes';
import type { AgendaRow } from './agenda-tables';
import type { PlannedLook } from './looks-from-memory';
import type { InsertedRow, NewRow } from './new-row';

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

/** When a code is due by what is in memory; undefined: now. */
interface Looks {
  /** For one that was just requested, ms. */
  ofNew(code: AccessCode): number | undefined;
  /** For one that something has happened to, up to `revision`. Left out: now. */
  of?(codeId: string, revision: number): PlannedLook | undefined;
  /** The device that a code is for, which is always the same; left out, or undefined: its row tells. */
  deviceOf?(codeId: string): string | undefined;
}

/** What else counts when an event is folded. */
export interface Folding {
  /** The clock's reading, ms: an event from a process whose clock is ahead makes nothing due later than that. */
  readonly now: number;
  /** The next event of the code is folded with it, and sets when it is due. */
  readonly overtaken: boolean;
  /** When codes are due, where that is known without looking at them; left out: now. */
  readonly looks?: Looks | undefined;
}

export async function foldCode(
  changes: AgendaChanges,
  codeId: string,
  recorded: RecordedEvent,
  { now, overtaken, looks }: Folding,
) {
  const event = codeCodec.decode(recorded);
  const { revision } = recorded;
  const dueAt = Math.min(event.at, now);
  switch (event.type) {
    case 'CodeRequested': {
      const { deviceId, accountId } = event.data;
      const first = overtaken ? undefined : looks?.ofNew(requested(event.data, event.at));
      const isPlanned = first !== undefined;
      await changes.put(
        row(recorded, 'code', codeId, { deviceId, accountId, dueAt: first ?? dueAt, isPlanned }),
      );
      if (event.data.usesBackupPool) await changes.dueNow(`device:${deviceId}`, dueAt);
      return;
    }
    case 'UnmanagedCodeSeen': {
      const { deviceId, accountId, lockCodeId } = event.data;
      await changes.put(row(recorded, 'code', codeId, { deviceId, accountId, dueAt }));
      await changes.onLock({ deviceId, lockCodeId, codeId });
      return;
    }
    case 'Forgotten':
      // Its row was dropped when it was removed; what was kept of it since is to be cleaned up now.
      return changes.put(row(recorded, 'code', codeId, { dueAt }));
    case 'ProgrammingStarted':
    case 'RemovalSent': {
      const until = Date.parse(event.data.deadline);
      if (!overtaken) await changes.dueByEvent(`code:${codeId}`, revision, until);
      const deviceId = await deviceOf(codeId, changes, looks);
      if (deviceId) await changes.hold({ deviceId, codeId, commandId: event.data.commandId, until });
      return;
    }
    case 'ProgrammingAccepted':
      await changes.seen(`code:${codeId}`, revision);
      return ownedOnLock(changes, codeId, event.data.lockCodeId, looks);
    case 'ScheduledOnDevice':
    case 'SetOnDevice': {
      const planned = overtaken ? undefined : looks?.of?.(codeId, revision);
      if (planned) await changes.plannedByEvent(`code:${codeId}`, revision, dueAt, planned);
      else if (!overtaken) await changes.dueByEvent(`code:${codeId}`, revision, dueAt);
      return outcome(changes, codeId, event, { dueAt, looks });
    }
    default:
      if (!overtaken) await changes.dueByEvent(`code:${codeId}`, revision, dueAt);
      return outcome(changes, codeId, event, { dueAt, looks });
  }
}

/** What an event of a code means for its lock. */
async function outcome(
  changes: AgendaChanges,
  codeId: string,
  event: CodeEvent,
  { dueAt, looks }: { readonly dueAt: number } & Pick<Folding, 'looks'>,
): Promise<void> {
  switch (event.type) {
    case 'ScheduledOnDevice':
    case 'SetOnDevice':
      if (event.data.commandId === null) return;
      await ownedOnLock(changes, codeId, event.data.lockCodeId, looks);
      return changes.freeOf(codeId);
    case 'Removed':
    case 'UnmanagedCodeGone':
    case 'WithdrawnFromDevice':
    case 'RemovedExternally':
      await changes.offLock(codeId);
      return changes.freeOf(codeId);
    case 'ProgrammingFailed':
    case 'RemovalFailed':
    case 'ChangedOnDevice':
    case 'ModifiedExternally':
      return changes.freeOf(codeId);
    case 'BackupAssigned':
      return poolIsShort(changes, codeId, dueAt);
    case 'ChangeRequested':
      return event.data.usesBackupPool ? poolIsShort(changes, codeId, dueAt) : undefined;
    default:
      return;
  }
}

async function deviceOf(
  codeId: string,
  changes: AgendaChanges,
  looks: Looks | undefined,
): Promise<string | null | undefined> {
  return looks?.deviceOf?.(codeId) ?? changes.deviceOf(codeId);
}

/** The code's device is looked at, so that its backup pool is filled. */
async function poolIsShort(changes: AgendaChanges, codeId: string, dueAt: number): Promise<void> {
  const deviceId = await changes.deviceOf(codeId);
  if (deviceId) await changes.dueNow(`device:${deviceId}`, dueAt);
}

async function ownedOnLock(
  changes: AgendaChanges,
  codeId: string,
  lockCodeId: string,
  looks: Looks | undefined,
): Promise<void> {
  const deviceId = await deviceOf(codeId, changes, looks);
  if (deviceId) await changes.onLock({ deviceId, lockCodeId, codeId });
}

export async function foldKeypad(
  changes: AgendaChanges,
  deviceId: string,
  recorded: RecordedEvent,
  { now }: Pick<Folding, 'now'>,
) {
  const event = keypadCodec.decode(recorded);
  if (event.type === 'PinReserved') {
    // So that a reservation is checked, and released if its code or change never came.
    const dueAt = event.at + RESERVATION_GRACE;
    const { codeId } = event.data;
    const { metadata } = recorded;
    await changes.reserve(row({ metadata, revision: -1 }, 'code', codeId, { deviceId, dueAt }));
  } else if (event.type === 'PinReleased' || event.type === 'SlotReleased') {
    await changes.keypadHasRoom(deviceId, Math.min(event.at, now));
  }
}

export async function foldDevice(
  changes: AgendaChanges,
  deviceId: string,
  recorded: RecordedEvent,
  { now }: Pick<Folding, 'now'>,
) {
  const event = deviceCodec.decode(recorded);
  const dueAt = Math.min(event.at, now);
  if (event.type === 'DeviceAdded') {
    const { accountId, maker, lockId } = event.data;
    await changes.put(row(recorded, 'device', deviceId, { deviceId, accountId, dueAt }));
    await changes.addLock({ deviceId, accountId, maker, lockId });
  }
  if (NO_MATTER.has(event.type)) return;
  // Its codes are ended with it.
  if (event.type === 'DeviceDeleted') {
    await changes.dueNow(`device:${deviceId}`, dueAt);
    return;
  }
  if (event.type === 'DeviceUpdated') {
    if (event.data.backupPool !== undefined) await changes.dueNow(`device:${deviceId}`, dueAt);
  } else if (await changes.wake('device_id', deviceId, dueAt)) {
    // Its own row would be the last.
    await changes.dueNow(`device:${deviceId}`, dueAt);
  }
}

export async function foldAccount(
  changes: AgendaChanges,
  accountId: string,
  recorded: RecordedEvent,
  { now }: Pick<Folding, 'now'>,
) {
  const event = accountCodec.decode(recorded);
  const dueAt = Math.min(event.at, now);
  if (event.type === 'AccountUpdated') return;
  // A removed account takes its devices with it, one after the other.
  if (event.type === 'LoginRepeated' || event.type === 'SyncRequested' || event.type === 'AccountRemoved') {
    await changes.dueNow(`account:${accountId}`, dueAt);
    return;
  }
  if (event.type === 'AccountConnected') {
    await changes.put(row(recorded, 'account', accountId, { accountId, maker: event.data.maker, dueAt }));
  }
  await changes.wake('account_id', accountId, dueAt);
}

/** A row to be added. Each code and each reservation has one: nothing is spread into what is left out. */
const row = (
  { metadata, revision }: Pick<RecordedEvent, 'metadata' | 'revision'>,
  kind: AgendaRow['kind'],
  id: string,
  { deviceId = null, accountId = null, maker = null, dueAt, isPlanned = false }: RowFields,
): InsertedRow => ({
  subject: `${kind}:${id}`,
  workspaceId: metadata.workspaceId,
  kind,
  id,
  deviceId,
  accountId,
  maker,
  dueAt,
  isPlanned,
  revision,
});

type RowFields = Partial<NewRow> & Pick<NewRow, 'dueAt'>;
