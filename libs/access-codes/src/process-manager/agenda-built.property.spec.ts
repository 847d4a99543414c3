import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { accountCodec, deviceCodec } from '@latchkey/devices';
import { encodedBy, type RecordedEvent } from '@latchkey/event-sourcing';
import { iso, SandboxClock } from '@latchkey/platform';
import fc from 'fast-check';
import { codeCodec } from '../domain/events';
import { keypadCodec } from '../domain/keypad';
import { pin, requested, T0 } from '../domain/testing/builders';
import { onAccount, onCode, onDevice, onKeypad, type PlainEvent } from '../testing';
import { AgendaProjection } from './agenda';
import { AGENDA, type AgendaTables, LOCK_CODES, LOCK_LEASES, LOCKS, WAKES } from './agenda-tables';

const CODECS = { accessCode: codeCodec, keypad: keypadCodec, device: deviceCodec, account: accountCodec };
const TABLES = [AGENDA, LOCK_CODES, LOCK_LEASES, LOCKS, WAKES] as const;

const window = { startsAt: iso(T0), endsAt: iso(T0 + 1000) };
const content = { name: 'Guest', ...pin('pin-a'), window: null };
const capabilities = {
  ...{ nativeScheduling: true, supportedCodeLengths: [4], codeConstraints: [], maxActiveCodes: null },
  ...{ canRemotelyLock: true, canRemotelyUnlock: true },
};

/** What may happen to a code; two locks know codes by the same few ids. */
function ofCode(codeId: string, deviceId: string, lockCodeId: string): PlainEvent[] {
  const outcome = { commandId: 'command', lockCodeId };
  const failed = { commandId: 'command', errorCode: 'BUSY', message: 'busy', kind: 'passing', retryAt: null };
  const started = { commandId: 'command', operation: 'create', lockCodeId: null, content, attempt: 1 };
  return [
    onCode('CodeRequested', { ...requested(null).data, codeId, deviceId }, codeId),
    onCode('CodeRequested', { ...requested(null).data, codeId, deviceId, usesBackupPool: true }, codeId),
    onCode('ProgrammingStarted', { ...started, deadline: iso(T0 + 60_000) }, codeId),
    onCode('ProgrammingAccepted', outcome, codeId),
    onCode('SetOnDevice', outcome, codeId),
    onCode('ProgrammingFailed', failed, codeId),
    onCode('ChangeRequested', { usesBackupPool: true }, codeId),
    onCode('BackupAssigned', { forCodeId: 'code-9', schedule: window }, codeId),
    onCode('SettingDelayed', {}, codeId),
    onCode('Removed', { cause: 'deleted', wasOnDevice: true }, codeId),
    onCode('Forgotten', {}, codeId),
    onKeypad('PinReserved', { codeId, pinFingerprint: 'f', window: null }, deviceId),
    onKeypad('PinReleased', { codeId, pinFingerprint: null }, deviceId),
  ];
}

function ofDevice(deviceId: string, accountId: string): PlainEvent[] {
  const description = { name: 'Door', model: null, timeZone: null, capabilities };
  const lock = { accountId, maker: 'maker', lockId: `lock-${deviceId}` };
  return [
    onDevice('DeviceAdded', { deviceId, workspaceId: 'workspace-1', ...lock, description }, deviceId),
    onDevice('DeviceDisconnected', { errorCode: 'device_disconnected' }, deviceId),
    onDevice('DeviceUpdated', { backupPool: true }, deviceId),
    onDevice('DeviceDeleted', { intake: 1 }, deviceId),
    onDevice('BatteryMeasured', { level: 0.5 }, deviceId),
  ];
}

function ofAccount(accountId: string): PlainEvent[] {
  const account = { accountId, workspaceId: 'workspace-1', maker: 'maker', displayName: 'Mine' };
  return [
    onAccount('AccountConnected', account, accountId),
    onAccount('AccountDisconnected', { reason: 'revoked' }, accountId),
    onAccount('SyncRequested', {}, accountId),
  ];
}

const HAPPENINGS = [
  ...ofCode('code-1', 'device-1', 'a'),
  ...ofCode('code-2', 'device-1', 'a'),
  ...ofCode('code-3', 'device-2', 'b'),
  ...ofDevice('device-1', 'account-1'),
  ...ofDevice('device-2', 'account-1'),
  ...ofAccount('account-1'),
];

/** Each with the revision and the position that it would have. */
function recorded(taken: readonly PlainEvent[]): RecordedEvent[] {
  const revisions = new Map<string, number>();
  return taken.map((event, n) => {
    const { stream } = event;
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    const at = T0 + 1000 * n;
    return {
      ...encodedBy(CODECS, event, { id: `event-${n}`, at, workspaceId: 'workspace-1' }),
      ...{ stream, revision, recordedAt: at, position: { commit: BigInt(n + 1), prepare: BigInt(n + 1) } },
    };
  });
}

describe.each(testEngines)('the agenda, built from history on %s', (engine) => {
  const test = testDatabase(engine);
  let database: Database<AgendaTables>;
  // Some of the events are later than that.
  const clock = new SandboxClock({ now: T0 + 20_000, running: false });
  const agenda = new AgendaProjection(clock, () => undefined);
  beforeAll(async () => {
    database = await test.open<AgendaTables>();
    await agenda.create(database.db as never);
  });
  afterAll(() => test.drop());

  async function after(batches: readonly (readonly RecordedEvent[])[], building: boolean) {
    for (const table of TABLES) await database.db.deleteFrom(table).execute();
    for (const batch of batches)
      await database.transaction((trx) => agenda.apply(trx as never, batch, { building }));
    const stored: Record<string, unknown[]> = {};
    for (const table of TABLES) {
      const rows = await database.db.selectFrom(table).selectAll().execute();
      // A version only tells that something has happened.
      stored[table] = rows.map((row) => JSON.stringify({ ...row, version: undefined })).sort();
    }
    return stored;
  }

  it('has what it has when it is folded event by event', async () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(...HAPPENINGS), fc.boolean()), {
      minLength: 1,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const events = recorded(taken.map(([event]) => event));
        const batches: RecordedEvent[][] = [[]];
        events.forEach((event, n) => {
          batches.at(-1)!.push(event);
          if (taken[n]![1]) batches.push([]);
        });
        const each = events.map((event) => [event]);
        expect(await after(batches, true)).toEqual(await after(each, false));
      }),
      { numRuns: engine === 'sqlite' ? 100 : 30 },
    );
  });
});
