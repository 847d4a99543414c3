import { until } from '@latchkey/platform';
import { connectAsync } from 'mqtt';
import type { LockRef } from '../lock-gateway';
import { SiteUnderTest } from './testing/site-under-test';

let site: SiteUnderTest;
afterEach(() => site.close());

const reported = () => site.reports.filter(({ kind }) => kind !== 'added');

describe('locks', () => {
  it('are known by their address: renamed they are the same, and names may be swapped and be of any script', async () => {
    site = await SiteUnderTest.start({ system: { slots: { first: 2, last: 3 } } });
    const first = await site.pair({ users: 4, name: 'Gäste 🚪/Étage 1' });
    const second = await site.pair({ users: 4, name: '裏口' });
    await site.standIn.rename(first.device, 'between');
    await site.standIn.rename(second.device, 'Gäste 🚪/Étage 1');
    await site.standIn.rename(first.device, '裏口');
    await until(async () => (await site.described(first.lock))?.name === '裏口');
    for (const { lock, device } of [first, second]) {
      const code = { name: null, window: null, pin: device === first.device ? '1111' : '2222' };
      expect(await site.adapter.program(lock, code)).toMatchObject({ kind: 'accepted' });
      expect(device.lock.opens(code.pin)).toBe(true);
      device.lock.type(code.pin);
    }
    await until(() => reported().filter(({ kind }) => kind === 'code-used').length === 2);
    const used = (lock: LockRef) =>
      expect.objectContaining({ kind: 'code-used', lockId: lock.lockId, lockCodeId: '2' });
    expect(reported()).toEqual(expect.arrayContaining([used(first.lock), used(second.lock)]));
  });

  it('tell once that somebody has their cover off, or that they are stuck, however often it is repeated', async () => {
    site = await SiteUnderTest.start();
    const { lock, device } = await site.pair();
    const { lockId } = lock;
    device.reportTamper(true);
    await until(() => reported().length === 1);
    // Each message repeats all that is remembered.
    device.reportBattery();
    device.lock.faults.jammed = true;
    device.readState();
    await until(() => reported().length === 2);
    device.reportTamper(false);
    device.reportTamper(true);
    await until(() => reported().length === 3);
    expect(reported()).toEqual([
      { kind: 'tampered', lockId, at: null },
      { kind: 'jammed', lockId, at: null },
      { kind: 'tampered', lockId, at: null },
    ]);
  });

  it('come and go, and come back as the ones that they were', async () => {
    site = await SiteUnderTest.start();
    const { lock, device } = await site.pair({ name: 'Door', ieeeAddress: '0x00aa' });
    await site.standIn.unpair(device);
    await until(() => site.reports.length === 2);
    expect(await site.adapter.program(lock, { name: null, pin: '2580', window: null })).toMatchObject({
      ...{ kind: 'refused', errorCode: 'NOT_FOUND' },
    });
    await site.pair({ name: 'Door', ieeeAddress: '0x00aa' });
    expect(site.reports).toEqual(['added', 'removed', 'added'].map((kind) => ({ kind, lockId: '0x00aa' })));
  });

  it('tell their model, their battery and whether they are there', async () => {
    site = await SiteUnderTest.start();
    const { lock, device } = await site.pair({ name: 'Door' });
    device.reportBattery();
    await until(async () => (await site.described(lock))?.batteryLevel !== null);
    expect(await site.described(lock)).toMatchObject({
      ...{
        name: 'Door',
        model: 'Yale YRD426NRSC',
        online: true,
        batteryLevel: 0.9,
        timeZone: null,
        clockDrift: null,
      },
    });
    await site.standIn.setAvailable(device, false);
    await until(() => reported().length === 1);
    await site.standIn.setAvailable(device, true);
    await until(() => reported().length === 2);
    expect(reported().map(({ kind }) => kind)).toEqual(['offline', 'online']);
  });

  it('that Zigbee2MQTT does not watch over are away when they do not answer, and back when they speak', async () => {
    site = await SiteUnderTest.start({
      standIn: { availability: false },
      system: { slots: { first: 2, last: 3 } },
    });
    const { lock, device } = await site.pair({ users: 4 });
    await site.adapter.list(lock);
    device.lock.faults.dead = true;
    expect(await site.described(lock)).toMatchObject({ online: true });
    await site.adapter.program(lock, { name: null, pin: '2580', window: null });
    expect(await site.described(lock)).toMatchObject({ online: false });
    device.lock.faults.dead = false;
    device.lock.turnByHand(true);
    await until(async () => (await site.described(lock))?.online === true);
    expect(reported().map(({ kind }) => kind)).toEqual(['offline', 'online', 'action-completed']);
    expect(site.logged.filter((line) => line.includes('availability is off'))).toHaveLength(1);
  });
});

describe('the door', () => {
  it('tells who came in by which code, what failed, and what was done by hand, each once', async () => {
    site = await SiteUnderTest.start();
    const { lock, device } = await site.pair();
    const { lockId } = lock;
    device.lock.programByHand(7, '777777');
    await until(() => reported().length === 1);
    site.reports.length = 0;
    device.lock.type('777777');
    site.now += 5_000;
    device.lock.type('0000');
    device.lock.turnByHand(true);
    await until(() => reported().length === 3);
    expect(reported()).toEqual([
      { kind: 'code-used', lockId, lockCodeId: '7', at: null },
      { kind: 'incorrect-attempt', lockId, at: null },
      {
        ...{ kind: 'action-completed', lockId, actionId: null, success: true, errorCode: null },
        ...{ performedVia: 'manual_turn', action: 'lock' },
      },
    ]);
  });

  it('tells an event once that the broker delivers twice', async () => {
    site = await SiteUnderTest.start();
    const { device } = await site.pair();
    device.lock.programByHand(7, '777777');
    await until(() => reported().length === 1);
    const client = await connectAsync(site.broker.address);
    client.once('message', (topic, payload) => client.publish(topic, payload));
    await client.subscribeAsync(`zigbee2mqtt/${device.name}`);
    const used = () => reported().filter(({ kind }) => kind === 'code-used');
    device.lock.type('777777');
    await until(() => used().length === 1);
    site.now += 10_000;
    // The same hand again, later, is another opening; by then the doubled message has long come.
    device.lock.type('777777');
    await until(() => used().length > 1);
    expect(used()).toHaveLength(2);
    await client.endAsync(true);
  });

  it('that we had unlocked is told by that alone; one whose bolt does not move is told, too', async () => {
    site = await SiteUnderTest.start();
    const { lock, device } = await site.pair();
    await site.adapter.operate(lock, 'unlock', 'attempt-1');
    await until(() => reported().length > 0);
    device.lock.faults.jammed = true;
    await site.adapter.operate(lock, 'lock', 'attempt-2');
    await until(() => reported().length > 2);
    device.lock.faults.dead = true;
    await site.adapter.operate(lock, 'lock', 'attempt-3');
    await until(() => reported().length > 3);
    expect(reported()).toMatchObject([
      { actionId: 'attempt-1', success: true, action: 'unlock', performedVia: 'remote_api' },
      { kind: 'jammed', lockId: lock.lockId },
      { actionId: 'attempt-2', success: false, errorCode: 'BOLT_DID_NOT_MOVE' },
      { actionId: 'attempt-3', success: false, errorCode: 'DEVICE_OFFLINE' },
    ]);
  });
});
