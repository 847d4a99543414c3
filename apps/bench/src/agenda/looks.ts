import {
  AgendaProjection,
  AgendaRows,
  type AgendaTables,
  InFlightCalls,
  CleanUp,
  CodeWork,
  Executor,
  LockWork,
  ReadBacks,
  RESERVATION_GRACE,
  Streams,
} from '@latchkey/access-codes';
import { type Database, openDatabase, openRecords, openVault } from '@latchkey/database';
import { DeviceStreams } from '@latchkey/devices';
import { InMemoryEventStore, ProjectionRunner } from '@latchkey/event-sourcing';
import { HttpLockGateway } from '@latchkey/gateways';
import {
  createLogger,
  CryptoRandom,
  DAY,
  iso,
  loadConfig,
  RandomIds,
  SandboxClock,
} from '@latchkey/platform';

const LATE_EVERY_MS = 250;

export interface LookTimes {
  /** Until each code was looked at, s. */
  readonly all: number;
  /** Until a code that fell due meanwhile was looked at, ms each. */
  readonly late: number[];
}

/**
 * Lets so many codes fall due in one instant and times until each was claimed, loaded, planned and settled; codes that
 * fall due meanwhile are timed by themselves. The event store lies in memory: what is timed is the agenda.
 */
export async function timeLooks(
  database: Database<AgendaTables>,
  { codes, locks, progress }: { codes: number; locks: number; progress: (done: number) => void },
): Promise<LookTimes> {
  const clock = new SandboxClock({ now: Date.UTC(2026, 5, 1), running: false });
  const store = new InMemoryEventStore();
  const { executor, projection, streams, looked, close } = await executorOn(database, store, clock);
  const request = (id: string, lock: number) =>
    streams.codes.transact(id, causeOf(id), () => [requested(id, lock, clock.now())]);

  for (let n = 0; n < codes; n++) await request(`code-${n}`, n % locks);
  const runner = new ProjectionRunner({ store, database, projection, clock });
  await runner.prepare();
  await runner.start();
  await runner.caughtUp;
  const began = performance.now();
  executor.start();
  const late: number[] = [];
  const first = (): number => [...looked.keys()].filter((id) => !id.startsWith('late')).length;
  for (let nth = 0; first() < codes; nth++) {
    const asked = performance.now();
    await request(`late-${nth}`, locks + nth);
    while (!looked.has(`late-${nth}`)) await new Promise((resolve) => setTimeout(resolve, 5));
    late.push(looked.get(`late-${nth}`)! - asked);
    await new Promise((resolve) => setTimeout(resolve, LATE_EVERY_MS));
    progress(first());
  }
  const ends = [...looked].filter(([id]) => !id.startsWith('late')).map(([, at]) => at);
  const all = (ends.reduce((latest, at) => Math.max(latest, at), 0) - began) / 1000;
  await executor.stop();
  await runner.stop();
  await close();
  return { all, late };
}

const causeOf = (codeId: string) => ({
  correlationId: codeId,
  causationId: 'bench',
  actor: { type: 'system' as const },
  workspaceId: 'workspace-1',
});

const requested = (codeId: string, lock: number, now: number) => ({
  type: 'CodeRequested' as const,
  data: {
    ...{ codeId, workspaceId: 'workspace-1', deviceId: `device-${lock}`, accountId: 'account-1' },
    ...{ name: 'Guest', pin: { keyId: codeId, box: 'sealed' }, pinFingerprint: codeId },
    schedule: { startsAt: iso(now + DAY), endsAt: iso(now + 2 * DAY) },
    ...{ preferNativeScheduling: true, externalModificationAllowed: false, commonCodeKey: null },
    ...{ isOneTimeUse: false, usesBackupPool: false, isBackup: false },
  },
});

/** The executor with all it needs, and when it was done with each code, ms. */
async function executorOn(database: Database<AgendaTables>, store: InMemoryEventStore, clock: SandboxClock) {
  const [ids, random, logger] = [new RandomIds(), new CryptoRandom(), createLogger('fatal')];
  const config = loadConfig({});
  const small = () => openDatabase<never>({ file: ':memory:', durability: 'normal' });
  const [vaultDatabase, recordsDatabase] = [await small(), await small()];
  const vault = await openVault({ database: vaultDatabase, masterKey: random.bytes(32) });
  const records = await openRecords(recordsDatabase, vault);
  const gateway = new HttpLockGateway({ makers: new Map(), tokens: records.accountTokens, clock });
  const streams = new Streams(store, clock, ids, new DeviceStreams(store, clock, ids), vault, logger);
  const projection = new AgendaProjection(clock, () => executor.wake());
  const rows = new AgendaRows(database, { owner: ids.uuid(), clock, wall: () => Date.now() });
  const shared = { streams, known: projection.known, rows, clock, ids, random, vault };
  const cleanUp = new CleanUp({ ...shared, keepsExpired: () => Promise.resolve(false) });
  const readBacks = new ReadBacks(gateway);
  const work = new LockWork({ ...shared, gateway, readBacks, cleanUp, settings: config });
  const settings = {
    ...config,
    reservationGrace: RESERVATION_GRACE,
    readBackAfter: 2_000,
  };
  const bounds = () => ({ earliest: clock.now(), latest: clock.now() });
  const looking = new CodeWork({ ...shared, work, calls: new InFlightCalls(), cleanUp, bounds, settings });
  const looked = new Map<string, number>();
  const counted = {
    workThrough: async (claim: Parameters<CodeWork['workThrough']>[0]) => {
      const settlement = await looking.workThrough(claim);
      looked.set(claim.id, performance.now());
      return settlement;
    },
  };
  const never = () => Promise.resolve(null);
  const others = { device: never, account: never };
  const executor = new Executor({ rows, codes: counted, others, clock, random, logger });
  const close = async () => {
    await gateway.close();
    await Promise.all([vaultDatabase.close(), recordsDatabase.close()]);
  };
  return { executor, projection, streams, looked, close };
}
