import { until } from '@latchkey/platform';
import { connectAsync } from 'mqtt';
import type { LockCode } from '../lock-gateway';
import { SiteUnderTest } from './testing/site-under-test';

const guest: LockCode = { name: null, pin: '2580', window: null };
const other: LockCode = { ...guest, pin: '1470' };

let site: SiteUnderTest;
afterEach(() => site.close());

const listed = async (lock: Parameters<SiteUnderTest['described']>[0]) => {
  const answer = await site.adapter.list(lock);
  if (answer.kind !== 'answered') throw new Error(answer.message);
  return answer.value.map(({ lockCodeId, pin }) => [lockCodeId, pin]);
};

describe('slots', () => {
  it('that are ours are the upper half of what the lock has, or those that are declared', async () => {
    site = await SiteUnderTest.start();
    const { lock } = await site.pair({ users: 250 });
    expect(await site.adapter.program(lock, guest)).toEqual({ kind: 'accepted', lockCodeId: '125' });
    await site.close();
    site = await SiteUnderTest.start({ system: { slots: { first: 10, last: 29 } } });
    const second = await site.pair({ users: 250 });
    expect(await site.adapter.program(second.lock, guest)).toEqual({ kind: 'accepted', lockCodeId: '10' });
    const short = await site.pair({ users: 12 });
    await site.adapter.list(short.lock);
    expect(await site.described(short.lock)).toMatchObject({ capabilities: { maxActiveCodes: 2 } });
  });

  it('of 250 users are read in a few seconds, and counted once for all starts', async () => {
    site = await SiteUnderTest.start();
    const { lock, device } = await site.pair({ users: 250 });
    device.lock.programByHand(3, '777777');
    device.lock.programByHand(249, '888888');
    expect(await listed(lock)).toEqual([
      ['3', '777777'],
      ['249', '888888'],
    ]);
    expect(JSON.parse(site.connections.get('account-1')!.kept!)).toEqual({ slots: { [lock.lockId]: 250 } });
    const started = Date.now();
    await site.adapter.close();
    site.adapter = site.newAdapter();
    device.lock.programByHand(3, null);
    expect(await listed(lock)).toEqual([['249', '888888']]);
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  it('of others are left alone, and cost no reading again within the day', async () => {
    site = await SiteUnderTest.start({ system: { slots: { first: 20, last: 29 } } });
    const { lock, device } = await site.pair({ users: 30 });
    device.lock.programByHand(3, '777777');
    await listed(lock);
    const read = jest.spyOn(device, 'readPin');
    site.now += 2 * 60_000;
    expect(await listed(lock)).toEqual([['3', '777777']]);
    expect(read.mock.calls.map(([slot]) => slot)).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
    site.now += 25 * 60 * 60_000;
    read.mockClear();
    await listed(lock);
    expect(read).toHaveBeenCalledTimes(30);
  });

  it('that hold a code are not written over', async () => {
    site = await SiteUnderTest.start({ system: { slots: { first: 5, last: 6 } } });
    const { lock, device } = await site.pair({ users: 10 });
    device.lock.programByHand(5, '777777');
    expect(await site.adapter.program(lock, { ...guest, slot: 5 })).toMatchObject({
      errorCode: 'SLOT_OCCUPIED',
    });
    expect(device.lock.opens('777777')).toBe(true);
    expect(await site.adapter.program(lock, { ...guest, slot: 6 })).toMatchObject({ kind: 'accepted' });
    expect(await site.adapter.program(lock, other)).toMatchObject({ errorCode: 'LOCK_FULL' });
    expect(await site.adapter.program(lock, { ...other, slot: 10 })).toMatchObject({
      errorCode: 'NO_SUCH_SLOT',
    });
  });
});

describe('a code', () => {
  it('whose digits the lock does not show is there without them', async () => {
    site = await SiteUnderTest.start();
    const { lock } = await site.pair({ users: 4, exposePin: false });
    expect(await site.adapter.program(lock, guest)).toMatchObject({ kind: 'accepted' });
    expect(await listed(lock)).toEqual([['2', null]]);
  });

  it('that somebody puts over ours by hand is another code, also where no digits are shown', async () => {
    site = await SiteUnderTest.start();
    const { lock, device } = await site.pair({ users: 4, exposePin: false });
    await site.adapter.program(lock, guest);
    site.reports.length = 0;
    device.lock.programByHand(2, '999999');
    await until(() => site.reports.some(({ kind }) => kind === 'online'));
    expect(await listed(lock)).toEqual([['2.by-hand', null]]);
    expect(await site.adapter.remove(lock, '2.by-hand')).toMatchObject({ kind: 'accepted' });
    expect(await listed(lock)).toEqual([]);
  });

  it('is unknown when the lock dies between the write and its reading; the reading tells later', async () => {
    site = await SiteUnderTest.start();
    const { lock, device } = await site.pair({ users: 4 });
    device.lock.faults.diesAfterWrite = true;
    expect(await site.adapter.program(lock, guest)).toMatchObject({ kind: 'unknown' });
    expect(await site.adapter.list(lock)).toMatchObject({ kind: 'refused', errorCode: 'DEVICE_OFFLINE' });
    device.lock.faults.dead = false;
    expect(await listed(lock)).toEqual([['2', guest.pin]]);
  });

  it('is unknown when Zigbee2MQTT keeps it for a lock that sleeps; it is read back when it is done', async () => {
    site = await SiteUnderTest.start({ system: { slots: { first: 2, last: 3 } } });
    const { lock, device } = await site.pair({ users: 4, sleeps: true });
    await listed(lock);
    // Awake for the question, asleep for the command.
    const read = jest.spyOn(device, 'readPin').mockImplementationOnce((slot) => {
      device.lock.faults.dead = true;
      device.readPin(slot);
    });
    expect(await site.adapter.program(lock, { ...guest, slot: 2 })).toMatchObject({ kind: 'unknown' });
    expect(device.lock.slotsInUse).toEqual([]);
    expect(read).toHaveBeenCalled();
    device.awake();
    await until(() => device.lock.opens(guest.pin));
    expect(await listed(lock)).toEqual([['2', guest.pin]]);
    expect(await site.adapter.remove(lock, '2')).toMatchObject({ kind: 'accepted' });
    expect(device.lock.slotsInUse).toEqual([]);
  });

  it('that the lock refuses is told as that, and the old one stays where it can be seen', async () => {
    site = await SiteUnderTest.start();
    const { lock, device } = await site.pair({ users: 8 });
    await site.adapter.program(lock, guest);
    await site.adapter.program(lock, other);
    const refused = { kind: 'refused', errorCode: 'NOT_TAKEN' };
    expect(await site.adapter.program(lock, guest)).toMatchObject(refused);
    expect(await site.adapter.change(lock, '4', other)).toMatchObject(refused);
    expect(await listed(lock)).toEqual([
      ['4', guest.pin],
      ['5', other.pin],
    ]);
    device.lock.faults.refuses = true;
    expect(await site.adapter.remove(lock, '4')).toMatchObject(refused);
  });

  it('is not put on a lock that does not tell which slots are free', async () => {
    site = await SiteUnderTest.start({ system: { slots: { first: 2, last: 3 } } });
    const { lock, device } = await site.pair({ users: 4 });
    device.lock.faults.unreadable = true;
    const answer = await site.adapter.program(lock, { ...guest, slot: 2 });
    expect(answer).toMatchObject({ kind: 'refused', errorCode: 'READ_BACK_NOT_SUPPORTED' });
    expect(device.lock.slotsInUse).toEqual([]);
  });

  it('that is disabled at the lock opens nothing, and is written again', async () => {
    site = await SiteUnderTest.start({ system: { slots: { first: 2, last: 3 } } });
    const { lock, device } = await site.pair({ users: 4 });
    device.lock.set(2, '777777', false);
    expect(await listed(lock)).toEqual([]);
    expect(await site.adapter.program(lock, { ...guest, slot: 2 })).toMatchObject({ kind: 'accepted' });
    expect(await listed(lock)).toEqual([['2', guest.pin]]);
  });
});

describe('what else comes in between', () => {
  /** Battery reports of a lock, as often as they may come. */
  const chatter = (device: { reportBattery(): void }) => setInterval(() => device.reportBattery(), 2);

  it.each([true, false])(
    'is not taken for an answer (Zigbee2MQTT leaves codes out: %p)',
    async (takesOptions) => {
      site = await SiteUnderTest.start({ standIn: { takesOptions } });
      const { lock, device } = await site.pair({ users: 4 });
      await listed(lock);
      device.lock.faults.latencyMs = 8;
      const timer = chatter(device);
      try {
        for (let round = 0; round < 10; round++) {
          const answer = await site.adapter.program(lock, guest);
          expect(answer).toMatchObject({ kind: 'accepted' });
          expect(device.lock.opens(guest.pin)).toBe(true);
          expect(await site.adapter.remove(lock, '2')).toMatchObject({ kind: 'accepted' });
          expect(device.lock.opens(guest.pin)).toBe(false);
        }
      } finally {
        clearInterval(timer);
      }
    },
  );

  it('does not hide that a slot has changed, where Zigbee2MQTT repeats what it read earlier', async () => {
    site = await SiteUnderTest.start({
      standIn: { takesOptions: false },
      system: { slots: { first: 2, last: 3 } },
    });
    const { lock, device } = await site.pair({ users: 4 });
    expect(await listed(lock)).toEqual([]);
    // The lock tells nobody.
    device.lock.set(2, '777777', true);
    device.lock.faults.latencyMs = 8;
    const timer = chatter(device);
    try {
      expect(await site.adapter.program(lock, { ...guest, slot: 2 })).toMatchObject({
        errorCode: 'SLOT_OCCUPIED',
      });
    } finally {
      clearInterval(timer);
    }
    expect(device.lock.opens('777777')).toBe(true);
  });

  it('are messages that the broker doubles', async () => {
    site = await SiteUnderTest.start();
    const { lock, device } = await site.pair({ users: 8 });
    const echo = await connectAsync(site.broker.address);
    const sent = new Map<string, number>();
    echo.on('message', (topic, payload) => {
      const key = `${topic} ${payload.toString()}`;
      const doubled = sent.get(key) ?? 0;
      if (doubled > 0) sent.set(key, doubled - 1);
      else {
        sent.set(key, doubled + 1);
        echo.publish(topic, payload);
      }
    });
    await echo.subscribeAsync([`zigbee2mqtt/${device.name}`, `zigbee2mqtt/${lock.lockId}/#`]);
    for (const code of [guest, other, { ...guest, pin: '36936' }]) {
      expect(await site.adapter.program(lock, code)).toMatchObject({ kind: 'accepted' });
    }
    expect(await site.adapter.change(lock, '5', { ...other, pin: '85207' })).toMatchObject({
      kind: 'accepted',
    });
    expect(await site.adapter.remove(lock, '4')).toMatchObject({ kind: 'accepted' });
    expect(await listed(lock)).toEqual([
      ['5', '85207'],
      ['6', '36936'],
    ]);
    expect(device.lock.slotsInUse).toEqual([5, 6]);
    await echo.endAsync(true);
  });

  it('are answers to questions that were given up', async () => {
    site = await SiteUnderTest.start({ system: { slots: { first: 2, last: 3 } } });
    const { lock, device } = await site.pair({ users: 4 });
    device.lock.faults.dead = true;
    expect(await site.adapter.program(lock, { ...guest, slot: 2 })).toMatchObject({
      errorCode: 'DEVICE_OFFLINE',
    });
    device.lock.faults.dead = false;
    device.lock.faults.latencyMs = 15;
    device.lock.set(2, '777777', true);
    // The answer to the first question, "free", comes after the second was asked.
    const late = await connectAsync(site.broker.address);
    late.once('message', () => {
      late.publish(`zigbee2mqtt/${device.name}`, '{"users":{"2":{"status":"available"}}}');
    });
    await late.subscribeAsync(`zigbee2mqtt/${lock.lockId}/get`);
    expect(await site.adapter.program(lock, { ...guest, slot: 2 })).toMatchObject({
      errorCode: 'SLOT_OCCUPIED',
    });
    expect(device.lock.opens('777777')).toBe(true);
    await late.endAsync(true);
  });
});

it('one command at a time is under way on a lock', async () => {
  site = await SiteUnderTest.start();
  const { lock, device } = await site.pair({ users: 20 });
  await listed(lock);
  device.lock.faults.latencyMs = 5;
  let [now, most] = [0, 0];
  const client = await connectAsync(site.broker.address);
  client.on('message', (topic) => {
    if (topic.endsWith('/get')) most = Math.max(most, ++now);
    else if (!topic.endsWith('/set')) now = 0;
  });
  await client.subscribeAsync([`zigbee2mqtt/${device.name}`, `zigbee2mqtt/${lock.lockId}/#`]);
  const answers = await Promise.all(
    ['1001', '1002', '1003', '1004', '1005'].map((pin, at) =>
      site.adapter.program(lock, { ...guest, pin, slot: 10 + at }),
    ),
  );
  expect(answers.map(({ kind }) => kind)).toEqual(Array(5).fill('accepted'));
  expect(most).toBe(1);
  await client.endAsync(true);
});

it('a lock that is dead holds up no other', async () => {
  site = await SiteUnderTest.start();
  const dead = await site.pair({ users: 4 });
  const alive = await site.pair({ users: 4 });
  await listed(dead.lock);
  await listed(alive.lock);
  dead.device.lock.faults.dead = true;
  let isOver = false;
  const waiting = site.adapter.program(dead.lock, guest).finally(() => (isOver = true));
  expect(await site.adapter.program(alive.lock, guest)).toMatchObject({ kind: 'accepted' });
  expect(isOver).toBe(false);
  expect(await waiting).toMatchObject({ kind: 'refused', errorCode: 'DEVICE_OFFLINE' });
});
