import { until } from '@latchkey/platform';
import type { GatewayUnderTest } from '../contract/gateway-under-test';
import { lockGatewayContract } from '../contract/lock-gateway-contract';
import { SiteUnderTest } from './testing/site-under-test';

async function start(): Promise<GatewayUnderTest> {
  const site = await SiteUnderTest.start();
  const turned = jest.spyOn(site.adapter, 'operate').mock.calls;
  const isTold = (id: string) =>
    site.reports.some((report) => report.kind === 'action-completed' && report.actionId === id);
  return {
    gateway: site.adapter,
    account: site.account,
    lacks: ['names', 'windows', 'rules'],
    now: () => site.now,
    freshLock: async ({ maxActiveCodes = 20 } = {}) => {
      // Ours are the upper half of what a lock has.
      const { lock } = await site.pair({ users: 2 * (maxActiveCodes ?? 20) });
      await site.adapter.list(lock);
      return lock;
    },
    settle: async () => {
      for (const { lock } of site.standIn.devices.values()) {
        // One whose answer got lost; those that are offline stay so.
        if (lostAnswers.delete(lock)) lock.faults.dead = false;
      }
      // What became of a turn is told once the lock was looked at, after a while.
      await until(() => turned.every(([, , actionId]) => isTold(actionId)));
      await site.settle();
    },
    wait: async (ms) => {
      site.now += ms;
      await site.settle();
    },
    opens: (lock, pin) => Promise.resolve(site.device(lock).lock.opens(pin)),
    setOnline: async (ref, online) => {
      const device = site.device(ref);
      device.lock.faults.dead = !online;
      await site.standIn.setAvailable(device, online);
      await until(async () => (await site.described(ref))?.online === online);
    },
    loseNextAnswer: (ref) => {
      const { lock } = site.device(ref);
      lock.faults.diesAfterWrite = true;
      lostAnswers.add(lock);
      return Promise.resolve();
    },
    putByHand: async (ref, { pin }) => {
      site.device(ref).lock.programByHand(0, pin);
      await site.settle();
    },
    reports: () => site.reports,
    close: () => site.close(),
  };
}

const lostAnswers = new Set<object>();

lockGatewayContract('Zigbee2MqttAdapter', start);
