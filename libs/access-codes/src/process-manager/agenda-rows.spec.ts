import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { type DeviceEvent, deviceCodec } from '@latchkey/devices';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SandboxClock } from '@latchkey/platform';
import type { DomainEvent, EventCodec, RecordedEvent } from '@latchkey/event-sourcing';
import { codeCodec } from '../domain/events';
import { keypadCodec, RESERVATION_GRACE } from '../domain/keypad';
import { CODE, pin, requested, T0 } from '../domain/testing/builders';
import { AgendaProjection } from './agenda';
import { AgendaRows } from './agenda-rows';
import { AGENDA, type AgendaTables, LOCKS } from './agenda-tables';
import { keptLocks } from './kept-locks';

const describedAs = () =>
  ({
    ...{ name: 'Door', model: null, timeZone: null },
    capabilities: {
      ...{ nativeScheduling: true, supportedCodeLengths: [4], codeConstraints: [], maxActiveCodes: null },
      ...{ canRemotelyLock: true, canRemotelyUnlock: true },
    },
  }) satisfies Extract<DeviceEvent, { type: 'DeviceAdded' }>['data']['description'];

function recorded<E extends DomainEvent>(codec: EventCodec<E>, stream: string, event: E): RecordedEvent {
  const metadata = {
    $correlationId: CODE,
    $causationId: 'request-1',
    actor: { type: 'system' } as const,
    workspaceId: 'workspace-1',
    occurredAt: new Date(T0).toISOString(),
  };
  const encoded = codec.encode(event, 'event-1', metadata);
  return { ...encoded, stream, revision: 0, position: { commit: 1n, prepare: 1n }, recordedAt: T0 };
}

const reserved = recorded(keypadCodec, 'keypad-device-1', {
  type: 'PinReserved',
  data: { codeId: CODE, pinFingerprint: pin('pin-a').pinFingerprint, window: null },
});
const came = recorded(codeCodec, `accessCode-${CODE}`, requested(null));
const lateForTheReservation = T0 + RESERVATION_GRACE;

describe.each(testEngines)('the agenda on %s', (engine) => {
  const test = testDatabase(engine);
  let database: Database<AgendaTables>;
  let rows: AgendaRows;
  const clock = new SandboxClock({ now: T0, running: false });
  const agenda = new AgendaProjection(clock, () => undefined);
  const happens = (event: RecordedEvent) =>
    database.transaction((trx) => agenda.apply(trx as never, [event]));
  beforeAll(async () => {
    database = await test.open<AgendaTables>();
    await agenda.create(database.db as never);
    rows = new AgendaRows(database, { owner: 'worker', clock, wall: () => T0 });
  });
  afterAll(() => test.drop());
  beforeEach(() => database.db.deleteFrom(AGENDA).execute());

  it('drops the row of a reservation whose code never came', async () => {
    await happens(reserved);
    const [claim] = await rows.claim(lateForTheReservation, 1);
    await rows.settle(claim!, { do: 'drop', revision: -1 });
    expect(await rows.nextDue()).toBeNull();
  });

  describe('the locks of an account', () => {
    const added = (lockId: string) =>
      recorded(deviceCodec, `device-of-${lockId}`, {
        type: 'DeviceAdded',
        data: {
          ...{
            deviceId: `of-${lockId}`,
            workspaceId: 'workspace-1',
            accountId: 'account-1',
            maker: 'acme',
            lockId,
          },
          description: describedAs(),
        },
      });
    const appears = async (lockId: string) => {
      await happens(added(lockId));
      agenda.onApplied();
    };
    const shown = async (of = rows) =>
      [...(await of.locksOf('account-1'))].map(([lockId, lock]) => [
        lockId,
        lock.device_id,
        lock.read_back_of,
      ]);
    const ref = (lockId: string, accountId = 'account-1', maker = 'acme') => ({ accountId, maker, lockId });
    beforeEach(() => database.db.deleteFrom(LOCKS).execute());
    beforeEach(() => keptLocks.forget(database.db));

    it('are those that were added, also after they were asked for', async () => {
      expect(await shown()).toEqual([]);
      await appears('a');
      expect(await shown()).toEqual([['a', 'of-a', null]]);
      await appears('b');
      expect(await shown()).toEqual([
        ['a', 'of-a', null],
        ['b', 'of-b', null],
      ]);
    });

    it('tell of what they were read back, also to another process', async () => {
      await appears('a');
      await appears('b');
      const other = new AgendaRows(await test.open<AgendaTables>(), {
        owner: 'other',
        clock,
        wall: () => T0,
      });
      await Promise.all([shown(), shown(other)]);
      await rows.readBackWas((await rows.lockOf(ref('b')))!, 'monday');
      await nextTurn();
      const monday = [
        ['a', 'of-a', null],
        ['b', 'of-b', 'monday'],
      ];
      expect([await shown(), await shown(other)]).toEqual([monday, monday]);
      await other.readBackWas((await other.lockOf(ref('b')))!, 'tuesday');
      await nextTurn();
      expect((await shown()).at(-1)).toEqual(['b', 'of-b', 'tuesday']);
    });

    it('are found one by one, each only in its own account', async () => {
      await appears('a');
      for (const _ of ['not read before', 'read before']) {
        expect(await rows.lockOf(ref('a'))).toMatchObject({ device_id: 'of-a' });
        expect(await rows.lockOf(ref('b'))).toBeUndefined();
        expect(await rows.lockOf(ref('a', 'account-2'))).toBeUndefined();
        expect(await rows.lockOf(ref('a', 'account-1', 'other'))).toBeUndefined();
        await shown();
      }
    });
  });

  it('makes a subject due, unless it is due by then anyway', async () => {
    const dueAt = async () =>
      (await database.db.selectFrom(AGENDA).select(['due_at', 'version']).execute())[0];
    await happens(came);
    const set = (due_at: number | null) =>
      database.db.updateTable(AGENDA).set({ due_at, version: 1 }).execute();
    await set(T0 + 60_000);
    await rows.makeDue(`code:${CODE}`, T0 + 60_000);
    expect(await dueAt()).toEqual({ due_at: T0 + 60_000, version: 1 });
    await rows.makeDue(`code:${CODE}`, T0 + 59_999);
    expect(await dueAt()).toEqual({ due_at: T0, version: 2 });
    await set(null);
    await rows.makeDue(`code:${CODE}`, T0 + 60_000);
    expect(await dueAt()).toEqual({ due_at: T0, version: 2 });
    await set(T0 + 1);
    await rows.makeDue(`code:${CODE}`);
    expect(await dueAt()).toEqual({ due_at: T0, version: 2 });
  });

  it('keeps a code that came while its reservation was being given up', async () => {
    await happens(reserved);
    const [claim] = await rows.claim(lateForTheReservation, 1);
    await happens(came);
    await rows.settle(claim!, { do: 'drop', revision: -1 });
    expect(await rows.claim(T0, 1)).toMatchObject([{ kind: 'code', id: CODE }]);
  });
});
