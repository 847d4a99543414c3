import { ACCESS_CODE, codeCodec, type CodeEvent } from '@latchkey/access-codes';
import { type Database, testDatabase, type TestDatabase } from '@latchkey/database';
import { ACTION_ATTEMPT, actionCodec, type ActionEvent } from '@latchkey/devices';
import {
  Archive,
  ArchivedEventStore,
  ArchiveFolder,
  Archiving,
  InMemoryEventStore,
  ProjectionRunner,
  type Tables,
} from '@latchkey/event-sourcing';
import { DAY, HOUR, iso, SeededIds } from '@latchkey/platform';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FinishedProjection } from '../views/finished-projection';
import { ArchiveKeeper } from './archive-keeper';

const T0 = Date.UTC(2026, 5, 1);
const ids = new SeededIds(1);
const pin = { keyId: 'key-1', box: 'sealed' };

const requested: CodeEvent = {
  type: 'CodeRequested',
  data: {
    ...{ codeId: 'code', workspaceId: 'workspace-1', deviceId: 'device-1', accountId: 'account-1' },
    ...{ name: 'Guest', pin, pinFingerprint: 'print', schedule: null, preferNativeScheduling: false },
    ...{ externalModificationAllowed: false, commonCodeKey: null, isOneTimeUse: false },
    ...{ usesBackupPool: false, isBackup: false },
  },
};
const removed = (cause: 'deleted' | 'expired'): CodeEvent[] => [
  { type: 'RemovalStarted', data: { cause } },
  { type: 'Removed', data: { cause, wasOnDevice: true } },
];
const forgotten: CodeEvent = { type: 'Forgotten', data: {} };

let path: string;
let test: TestDatabase;
let database: Database<Tables>;
let store: InMemoryEventStore;
let view: ProjectionRunner;
let archiving: Archiving;
let keeper: ArchiveKeeper;
let now: number;
let isReadable: boolean;
let isLocked: boolean;
let scavenges: number;

beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'latchkey-retention-'));
  [now, isReadable, isLocked, scavenges] = [T0, false, false, 0];
  store = new InMemoryEventStore(() => now);
  const archive = await Archive.open(new ArchiveFolder(path), store);
  const clock = { now: () => now };
  const reclaim = () => {
    scavenges++;
    return Promise.resolve();
  };
  archiving = new Archiving({ archive, store, clock, ids, reclaim });
  test = testDatabase('sqlite');
  database = await test.open();
  view = new ProjectionRunner({ store, database, projection: new FinishedProjection(), clock });
  await view.prepare();
  await view.start();
  keeper = new ArchiveKeeper({
    ...{ archiving, clock, store: new ArchivedEventStore(store, archive, () => true) },
    database: database,
    keepsExpired: () => Promise.resolve(isReadable),
    lock: () => (isLocked ? undefined : { release: () => undefined }),
    logger: { info: () => undefined, warn: () => undefined },
  });
});
afterEach(async () => {
  await view.stop();
  await store.close();
  await test.drop();
  rmSync(path, { recursive: true });
});

const metadata = () => ({
  ...{ $correlationId: 'a', $causationId: 'a', actor: { type: 'system' as const } },
  ...{ workspaceId: 'workspace-1', occurredAt: iso(now) },
});
async function happened(id: string, ...events: readonly CodeEvent[]): Promise<void> {
  const batch = events.map((event) => codeCodec.encode(event, ids.uuid(), metadata()));
  await store.append(`${ACCESS_CODE}-${id}`, batch, 'any');
  await view.reached(store.lastAppended, 5_000);
}
async function tried(id: string, ...events: readonly ActionEvent[]): Promise<void> {
  const batch = events.map((event) => actionCodec.encode(event, ids.uuid(), metadata()));
  await store.append(`${ACTION_ATTEMPT}-${id}`, batch, 'any');
  await view.reached(store.lastAppended, 5_000);
}
async function isArchived(id: string, category = ACCESS_CODE): Promise<boolean> {
  for await (const _ of store.read(`${category}-${id}`)) return false;
  return true;
}

it('archives what ended long enough ago, and nothing that still lives', async () => {
  await happened('living', requested);
  await happened('ending', requested, { type: 'RemovalStarted', data: { cause: 'deleted' } });
  await happened('old', requested, ...removed('deleted'));
  const asked = { actionAttemptId: 'done', workspaceId: 'workspace-1', deviceId: 'device-1' };
  await tried('done', { type: 'ActionRequested', data: { ...asked, action: 'unlock' } });
  await tried('done', { type: 'ActionSucceeded', data: {} });
  now += 5 * DAY;
  await happened('young', requested, ...removed('deleted'));
  now += 5 * DAY;

  expect(await keeper.due(6 * DAY)).toEqual({ streams: 2, facts: 5 });
  expect(await keeper.archive(6 * DAY)).toEqual({ streams: 2, facts: 5 });
  expect(await keeper.due(6 * DAY)).toEqual({ streams: 0, facts: 0 });
  const archived = await Promise.all(['living', 'ending', 'old', 'young'].map((id) => isArchived(id)));
  expect(archived).toEqual([false, false, true, false]);
  expect(await isArchived('done', ACTION_ATTEMPT)).toBe(true);
  expect(await keeper.archive(5 * DAY)).toEqual({ streams: 1, facts: 3 });
});

it('leaves an expired code that is still readable, until it was deleted', async () => {
  isReadable = true;
  await happened('expired', requested, ...removed('expired'));
  now += 10 * DAY;
  expect(await keeper.archive(DAY)).toEqual({ streams: 0, facts: 0 });
  await happened('expired', forgotten);
  expect(await keeper.archive(DAY)).toEqual({ streams: 0, facts: 0 });
  now += 2 * DAY;
  expect(await keeper.archive(DAY)).toEqual({ streams: 1, facts: 4 });
});

it('goes through many, each once', async () => {
  for (let n = 0; n < 600; n++) await happened(`code-${n}`, requested, ...removed('deleted'));
  now += 2 * DAY;
  expect(await keeper.archive(DAY)).toEqual({ streams: 600, facts: 1_800 });
  expect(await keeper.archive(DAY)).toEqual({ streams: 0, facts: 0 });
});

it('does nothing while another process changes the archive', async () => {
  await happened('old', requested, ...removed('deleted'));
  now += 2 * DAY;
  isLocked = true;
  expect(await keeper.archive(DAY)).toBeUndefined();
  expect(await isArchived('old')).toBe(false);
});

it('has the space reclaimed once there is much, or after a day, or when it is asked to', async () => {
  await happened('old', requested, ...removed('deleted'));
  now += 2 * DAY;
  await keeper.archive(DAY);
  now += 23 * HOUR;
  await keeper.archive(DAY);
  expect(scavenges).toBe(0);
  now += HOUR;
  await keeper.archive(DAY);
  await keeper.archive(DAY);
  expect(scavenges).toBe(1);
  await happened('next', requested, ...removed('deleted'));
  now += 2 * DAY;
  await keeper.archive(DAY, true);
  expect(scavenges).toBe(2);
});
