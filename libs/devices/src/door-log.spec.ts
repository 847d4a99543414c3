import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningNode, startNode } from '@latchkey/embedded-eventstore';
import { type Cause, EventStoreDb } from '@latchkey/event-sourcing';
import { SeededIds } from '@latchkey/platform';
import { type DoorEvent } from './domain/door';
import { DoorLog } from './door-log';

describe('what is written down of a door', () => {
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

  it('is there once, in order, however often and to whichever instance it was reported', async () => {
    const [one, other] = [log(), log()];
    const record = async (at: DoorLog, key: string) => (await at.record(denied(key), cause)) !== undefined;
    expect(await record(one, 'a')).toBe(true);
    expect(await record(other, 'b')).toBe(true);
    // It has not heard of b.
    expect(await record(one, 'b')).toBe(false);
    expect(await record(one, 'a')).toBe(false);
    expect(await Promise.all(['c', 'c', 'd'].map((key) => record(one, key)))).toEqual([true, false, true]);
    expect(await record(other, 'd')).toBe(false);
    expect(await record(log(), 'c')).toBe(false);
    expect(await written()).toEqual(['a', 'b', 'c', 'd']);
  });
});
