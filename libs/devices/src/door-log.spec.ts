import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningNode, startNode } from '@latchkey/embedded-eventstore';
import { afterEachCrash, type Cause, EventStoreDb } from '@latchkey/event-sourcing';
import { SeededIds } from '@latchkey/platform';
import { type DoorEvent } from './domain/door';
import { DoorLog } from './door-log';
import {
  added,
  atDoor,
  cause as told,
  connected,
  DEVICE_ID,
  DeviceScenario,
  WORKSPACE,
} from './testing/device-scenario';
import { GetDevice } from './views';

describe('what is recorded of a door', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-doors-'));
  let node: RunningNode;
  let store: EventStoreDb;
  const ids = new SeededIds('doors');
  const log = () => new DoorLog({ store, clock: { now: () => Date.UTC(2026, 5, 1) }, ids });
  const cause: Cause = {
    correlationId: 'door-1',
    causationId: 'report',
    actor: { type: 'external' },
    workspaceId: 'workspace-1',
  };
  const denied = (reportKey: string): DoorEvent => ({
    type: 'AccessDenied',
    data: { deviceId: 'device-1', accountId: 'account-1', workspaceId: 'workspace-1', reportKey },
  });
  const written = async () => {
    const keys = [];
    for await (const { data } of store.read('door-device-1'))
      keys.push((data as { reportKey: string }).reportKey);
    return keys;
  };

  beforeAll(async () => {
    node = await startNode({ dataDir, port: 0, access: 'insecure', report: () => undefined });
    store = new EventStoreDb(node.connectionString);
  });
  afterAll(async () => {
    await store.close();
    await node.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('is there once, in order, however often and to any instance it was reported', async () => {
    const [one, other] = [log(), log()];
    const record = async (at: DoorLog, key: string) => (await at.record(denied(key), cause)) !== undefined;
    expect(await record(one, 'a')).toBe(true);
    expect(await record(other, 'b')).toBe(true);
    // It has not seen b.
    expect(await record(one, 'b')).toBe(false);
    expect(await record(one, 'a')).toBe(false);
    expect(await Promise.all(['c', 'c', 'd'].map((key) => record(one, key)))).toEqual([true, false, true]);
    expect(await record(other, 'd')).toBe(false);
    expect(await record(log(), 'c')).toBe(false);
    expect(await written()).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('a report of what happened at a door', () => {
  let devices: DeviceScenario;
  beforeEach(() => void (devices = new DeviceScenario()));
  afterEach(() => devices.close());

  const whose = { deviceId: DEVICE_ID, accountId: 'account-1', workspaceId: WORKSPACE };
  const operated = { method: 'manual', codeId: null, actionAttemptId: null, viaBluetooth: false } as const;
  const locked: DoorEvent = { type: 'DoorLocked', data: { ...whose, ...operated, reportKey: 'a' } };
  const unlocked: DoorEvent = { type: 'DoorUnlocked', data: { ...whose, ...operated, reportKey: 'b' } };
  const denied: DoorEvent = { type: 'AccessDenied', data: { ...whose, reportKey: 'c' } };
  const report = (event: DoorEvent, scenario = devices) =>
    scenario.when(({ streams }) => streams.doors.record(event, told));

  it('says how the door was left', async () => {
    const shown = async () => {
      await devices.process.caughtUp();
      const query = new GetDevice(WORKSPACE, { deviceId: DEVICE_ID });
      return (await devices.process.ask(query)).properties.locked;
    };
    await devices.given(connected(), added());
    await report(locked).then(atDoor(locked));
    expect(await shown()).toBe(true);
    await report(unlocked).then(atDoor(unlocked));
    expect(await shown()).toBe(false);
    await report(denied).then(atDoor(denied));
    expect(await shown()).toBe(false);
  });

  it('returns its position; undefined when it was there before', async () => {
    await devices.given(connected(), added());
    expect(await report(locked).then(atDoor(locked))).toEqual(await devices.store.ping());
    expect(await report(locked).then()).toBeUndefined();
  });

  it('is decided again when somebody else was faster, with the same or another one', async () => {
    await devices.given(connected(), added());
    devices.overtakenBy(atDoor(locked));
    await report(locked).then(atDoor(locked));
    devices.overtakenBy(atDoor(denied));
    await report(unlocked).then(atDoor(denied), atDoor(unlocked));
  });

  it('is there once where the event store did not answer', async () => {
    await devices.given(connected(), added());
    devices.reached.loseAnswers();
    await report(locked).then(atDoor(locked));
  });

  it('has the same result after a crash', () =>
    afterEachCrash(
      () => new DeviceScenario(),
      async (scenario) => {
        await scenario.given(connected(), added());
        await report(locked, scenario).then(atDoor(locked));
      },
    ));
});
