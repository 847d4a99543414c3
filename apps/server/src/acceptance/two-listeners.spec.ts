import { NetworkProcess } from '@latchkey/gateways';
import { HOUR, SECOND, until, type UntilOptions } from '@latchkey/platform';
import { setTimeout as pause } from 'node:timers/promises';
import { LEASE } from '../start/shared-lease';
import { connectLocally } from '../testing/connect-locally';
import { POLL_EVERY_MS, TwoInstances, withPostgres } from '../testing/two-instances';

const DOOR = 2;
const ZONE = 'Europe/Vienna';
const within = (what: string): UntilOptions => ({ what, within: 60 * SECOND, every: POLL_EVERY_MS });

interface SeenEvent {
  readonly event_type: string;
  readonly access_code_id?: string;
}

let network: NetworkProcess | undefined;
let instances: TwoInstances | undefined;
afterEach(async () => {
  await instances?.stop();
  await network?.close();
});

withPostgres(
  'two workers that hear the same lock write down what happens at its door once, and one does when the other dies',
  async () => {
    network = await NetworkProcess.start([{ nodeId: DOOR, users: 10, name: 'Hall door' }]);
    const hall = { kind: 'zwave-js', name: 'hall', address: network.address, time_zone: ZONE };
    instances = await TwoInstances.start([hall]);
    const { one, other } = instances;
    await connectLocally(one, 'hall');
    const device = await until(async () => {
      const { devices } = await other.ask<{ devices: { device_id: string; display_name: string }[] }>(
        '/devices/list',
      );
      return devices.find(({ display_name }) => display_name === 'Hall door') ?? false;
    }, within('the lock appears'));
    const { device_id } = device;
    const code = await one.create({ device_id, code: '2580' });
    await until(async () => (await other.status(code.access_code_id)) === 'set', {
      ...within('the code is set'),
      // An answer of the lock that nobody heard is looked after when the command's minute is over.
      within: 150 * SECOND,
    });

    const told = async () => {
      const since = new Date(Date.now() - HOUR).toISOString();
      const { events } = await other.ask<{ events: SeenEvent[] }>('/events/list', { since, device_id });
      const counted = new Map<string, number>();
      for (const { event_type } of events) counted.set(event_type, (counted.get(event_type) ?? 0) + 1);
      return ['lock.unlocked', 'lock.access_denied', 'device.tampered'].map((type) => counted.get(type) ?? 0);
    };
    const happens = async (times: number, heardBy: 'both' | 'one') => {
      const lock = network!.lock(DOOR);
      await lock.type('2580', Date.now(), ZONE);
      await lock.type('9999', Date.now(), ZONE);
      await lock.notify(3, null, 7);
      await until(
        async () => (await told()).every((count) => count >= times),
        within(`what happened the ${times}. time is told`),
      );
      // Real time: whether the other one has heard it by now, and will not write it, nothing tells.
      if (heardBy === 'both') await pause(2 * SECOND);
      expect(await told()).toEqual([times, times, times]);
    };
    await happens(1, 'both');
    // One of them listens; whichever it is, it is gone in one of these two.
    await instances.first.end('SIGKILL');
    // The other one sees it on the same machine when it looks next, before the lease has run out.
    const { pid } = instances.second;
    await until(async () => (await instances!.listener()) === pid, {
      ...within('the other one listens'),
      within: LEASE.lasts - LEASE.renewedEvery,
    });
    // By the time it answers it knows that it does.
    await told();
    await happens(2, 'one');
    await instances.startFirstAgain();
    await happens(3, 'both');
    await instances.second.end('SIGTERM');
  },
  360_000,
);
