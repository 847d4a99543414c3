import { inStream } from '@latchkey/event-sourcing';
import {
  ACCOUNT_ID,
  added,
  cause,
  connected,
  described,
  DEVICE_ID,
  DeviceScenario,
  onAccount,
  onDevice,
} from '../testing/device-scenario';
import { deviceIdOf } from './account-watch';

let devices: DeviceScenario;
beforeEach(() => void (devices = new DeviceScenario()));
afterEach(() => devices.close());

const removed = onAccount({ type: 'AccountRemoved', data: {} });
const deleted = onDevice({ type: 'DeviceDeleted', data: { intake: 1 } });
const unmanaged = onDevice({ type: 'DeviceConvertedToUnmanaged', data: {} });

/** How many locks of the account. */
const locks = (count: number) =>
  Array.from({ length: count }, (_, n) => described({ lockId: `lock-${n + 1}` }));
const deletedOf = (lockId: string) =>
  inStream(`device-${deviceIdOf(ACCOUNT_ID, lockId)}`, { type: 'DeviceDeleted', data: { intake: 1 } });

describe('a device that goes', () => {
  it('is deleted before its codes are abandoned, and may go again', async () => {
    await devices.given(connected(), added());
    const go = devices.when(({ departures }) => departures.ofDevice(DEVICE_ID, cause));
    await go.then(deleted);
    await go.then();
    // After a crash another process ends the codes that are left.
    expect(devices.told).toEqual([`abandoned ${DEVICE_ID}`, `abandoned ${DEVICE_ID}`]);
  });

  it('has been no device of ours: nothing is told', async () => {
    await devices.given();
    await devices.when(({ departures }) => departures.ofDevice(DEVICE_ID, cause)).then();
  });

  it('lets its codes go when it is not to be managed any more, also where that was begun before', async () => {
    await devices.given(connected(), added());
    const letGo = devices.when(({ departures }) =>
      departures.updateDevice(DEVICE_ID, { managed: false }, cause),
    );
    await letGo.then(unmanaged);
    await letGo.then();
    expect(devices.told).toEqual([`let go ${DEVICE_ID}`, `let go ${DEVICE_ID}`]);
  });
});

describe('an account that goes', () => {
  const go = () => devices.when(({ departures }) => departures.ofAccount(ACCOUNT_ID, cause));

  it('takes each of its devices with it, however many, and what let us act for it last', async () => {
    const all = locks(20);
    await devices.given(connected(), ...all.map((lock) => added(lock)), removed);
    await go().then(...all.map(({ lockId }) => deletedOf(lockId)));
    expect(devices.told).toHaveLength(21);
    expect(devices.told.at(-1)).toBe(`forgotten ${ACCOUNT_ID}`);
    await go().then();
  });

  it('takes so many with it at once and no more, and the others when it is looked at', async () => {
    const all = locks(40);
    await devices.given(connected(), ...all.map((lock) => added(lock)), removed);
    const some = devices.when(({ departures }) => departures.ofAccount(ACCOUNT_ID, cause, 16));
    await some.then(...all.slice(0, 16).map(({ lockId }) => deletedOf(lockId)));
    expect(devices.told).not.toContain(`forgotten ${ACCOUNT_ID}`);
    const look = devices.when(({ watch }) => watch.account(ACCOUNT_ID));
    await look.then(...all.slice(16).map(({ lockId }) => deletedOf(lockId)));
    expect(devices.told.at(-1)).toBe(`forgotten ${ACCOUNT_ID}`);
  });

  it('stays whole while it is connected, or was connected again', async () => {
    await devices.given(connected(), added());
    await go().then();
    await devices.given(removed, connected());
    await go().then();
    expect(devices.told).toEqual([]);
  });

  it('keeps what is left of it when it is connected again meanwhile', async () => {
    const all = locks(20);
    await devices.given(connected(), ...all.map((lock) => added(lock)), removed);
    const again = connected({ displayName: 'Acme again' });
    devices.onCodes = async () => {
      devices.onCodes = () => Promise.resolve(undefined);
      await devices.given(again);
      return undefined;
    };
    const before = await devices.countEvents();
    await devices.process.departures.ofAccount(ACCOUNT_ID, cause);
    const told = await devices.events(before);
    expect(told.filter(({ type }) => type === 'DeviceDeleted')).toHaveLength(16);
    expect(devices.told).not.toContain(`forgotten ${ACCOUNT_ID}`);
  });

  it('has been no account of ours: nothing is told', async () => {
    await devices.given();
    await go().then();
    expect(devices.told).toEqual([]);
  });

  it('is removed by the system where no caller is known', async () => {
    await devices.given(connected(), added(), removed);
    await devices.when(({ departures }) => departures.ofAccount(ACCOUNT_ID)).then(deleted);
    const [last] = await devices.recorded(1);
    expect(last!.metadata).toMatchObject({
      actor: { type: 'system' },
      $correlationId: ACCOUNT_ID,
      $causationId: 'watch',
    });
  });

  it('is finished by another process after a crash, after any device', async () => {
    const all = locks(3);
    for (const appends of [1, 2, 3]) {
      const scenario = new DeviceScenario();
      await scenario.given(connected(), ...all.map((lock) => added(lock)), removed);
      const leave = () => scenario.process.departures.ofAccount(ACCOUNT_ID, cause);
      scenario.reached.dieAfter(appends);
      await expect(leave()).rejects.toThrow('the process died in the middle');
      expect(scenario.told).not.toContain(`forgotten ${ACCOUNT_ID}`);
      await scenario.restart();
      await leave();
      const gone = (await scenario.recorded(10)).filter(({ type }) => type === 'DeviceDeleted');
      expect(new Set(gone.map(({ stream }) => stream)).size).toBe(3);
      expect(gone).toHaveLength(3);
      expect(scenario.told.filter((told) => told.startsWith('abandoned'))).toEqual(
        expect.arrayContaining(all.map(({ lockId }) => `abandoned ${deviceIdOf(ACCOUNT_ID, lockId)}`)),
      );
      expect(scenario.told.at(-1)).toBe(`forgotten ${ACCOUNT_ID}`);
      await scenario.close();
    }
  });
});
