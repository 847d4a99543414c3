import { until } from '@latchkey/platform';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayUnderTest } from '../contract/gateway-under-test';
import { lockGatewayContract } from '../contract/lock-gateway-contract';
import type { LockRef, LockReport } from '../lock-gateway';
import { MatterAdapter } from './adapter';
import { matterSystem } from './entry';
import { SimulatedMatterLocks } from './testing/simulated-matter-locks';

const account = { accountId: 'account-1', maker: 'matter' };

async function start(): Promise<GatewayUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'matter-'));
  const locks = await SimulatedMatterLocks.start(join(folder, 'locks'));
  const system = matterSystem({
    kind: 'matter',
    name: 'matter',
    time_zone: 'Europe/Berlin',
    network_interface: 'lo',
    answers_within: 2,
  });
  const systems = new Map([['matter', system]]);
  const reports: LockReport[] = [];
  const ignore = (): void => undefined;
  let now = Date.UTC(2026, 5, 1, 12);
  const adapter = new MatterAdapter(
    {
      ...{ systems, folder: join(folder, 'fabrics'), clock: { now: () => now } },
      connections: {
        get: () => Promise.resolve({}),
        put: () => Promise.resolve(),
        delete: () => Promise.resolve(),
      },
      onReport: (_account, report) => void reports.push(report),
      logger: { info: ignore, warn: ignore, debug: ignore },
    },
    systems,
  );
  await adapter.open(account);
  const serials = new Map<string, string>();
  const silent = new Set<string>();
  const serialOf = ({ lockId }: LockRef): string => serials.get(lockId)!;
  const answers = async (lock: LockRef): Promise<void> => {
    const what = 'the lock answers again';
    await until(async () => (await adapter.list(lock)).kind === 'answered', { what, every: 100 });
  };
  return {
    gateway: adapter,
    account,
    lacks: ['rules', 'pins'],
    now: () => now,
    freshLock: async ({ maxActiveCodes = 20, nativeScheduling = false } = {}) => {
      // Ours are the upper half of what a lock has.
      const serial = `LOCK-${serials.size + 1}`;
      const users = 2 * (maxActiveCodes ?? 20);
      const made = await locks.make(serial, { users, schedules: nativeScheduling });
      const pairingCode = `${made.pairingCode}@127.0.0.1:${made.port}`;
      const before = new Set(serials.keys());
      const found = await adapter.check(system, { pairingCode });
      if (found.kind !== 'answered') throw new Error(JSON.stringify(found));
      const all = await adapter.locks(account);
      if (all.kind !== 'answered') throw new Error(JSON.stringify(all));
      const { lockId } = all.value.find((each) => !before.has(each.lockId))!;
      serials.set(lockId, serial);
      return { ...account, lockId };
    },
    settle: async () => {
      for (const lockId of silent) {
        await locks.setOnline(serials.get(lockId)!, true);
        await answers({ ...account, lockId });
        silent.delete(lockId);
      }
      now += 30_000;
    },
    wait: (ms) => {
      now += ms;
      return Promise.resolve();
    },
    // Summer time in Berlin.
    opens: (lock, pin) => locks.opens(serialOf(lock), pin, now / 1_000 + 7_200),
    setOnline: async (lock, online) => {
      await locks.setOnline(serialOf(lock), online);
      if (online) await answers(lock);
      else await adapter.list(lock);
    },
    loseNextAnswer: async (lock) => {
      silent.add(lock.lockId);
      await locks.loseNextAnswer(serialOf(lock));
    },
    putByHand: (lock, { name, pin }) => locks.putByHand(serialOf(lock), 1, name ?? '', pin),
    reports: () => reports,
    close: async () => {
      await adapter.close();
      await locks.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

lockGatewayContract('MatterAdapter', start);
