import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import { afterEachCrash, inStream } from '@latchkey/event-sourcing';
import type { LockDescription } from '@latchkey/gateways';
import {
  ACCOUNT_ID,
  added,
  connected,
  described,
  DEVICE_ID,
  DeviceScenario,
  onAccount,
  onDevice,
  SETTINGS,
  T0,
} from '../testing/device-scenario';
import { deviceIdOf } from './account-watch';

let devices: DeviceScenario;
beforeEach(() => void (devices = new DeviceScenario()));
afterEach(() => devices.close());

const { retryFirst, retryLimit, accountPollEvery } = SETTINGS;
const look = () => devices.when(({ watch }) => watch.account(ACCOUNT_ID));
const shows = (...locks: LockDescription[]) => {
  devices.maker.shows = { kind: 'answered', value: locks };
};
const syncRequested = onAccount({ type: 'SyncRequested', data: {} });
const removed = onDevice({ type: 'DeviceRemoved', data: {} });
const deleted = onDevice({ type: 'DeviceDeleted', data: { intake: 1 } });

describe('checking an account', () => {
  it('finds nothing new, and is due again', async () => {
    await devices.given(connected(), added());
    shows(described());
    expect(await look().then()).toBe(T0 + accountPollEvery);
  });

  it('completes the first sync once all locks were read', async () => {
    await devices.given(connected({ awaitsFirstSync: true }));
    shows(described(), described({ lockId: 'lock-2' }));
    const completed = onAccount({ type: 'FirstSyncCompleted', data: {} });
    await look().then(added(), added(described({ lockId: 'lock-2' })), completed);
    await look().then();
  });

  it('is not due again for an account that does not exist, or without a grant', async () => {
    await devices.given();
    expect(await look().then()).toBeNull();
    await devices.given(
      connected(),
      onAccount({ type: 'AccountDisconnected', data: { reason: 'no grant' } }),
    );
    expect(await look().then()).toBeNull();
    expect(devices.maker.asked).toEqual([]);
  });

  it('finishes the removal of an account', async () => {
    await devices.given(connected(), added(), onAccount({ type: 'AccountRemoved', data: {} }));
    expect(await look().then(deleted)).toBeNull();
    expect(devices.told).toEqual([`abandoned ${DEVICE_ID}`, `forgotten ${ACCOUNT_ID}`]);
    expect(devices.maker.asked).toEqual([]);
  });

  it('has the same result after a crash', () =>
    afterEachCrash(
      () => new DeviceScenario(),
      async (scenario) => {
        await scenario.given(connected({ awaitsFirstSync: true }), added());
        const offline = described({ lockId: 'lock-2', online: false });
        scenario.maker.shows = { kind: 'answered', value: [offline] };
        await scenario
          .when(({ watch }) => watch.account(ACCOUNT_ID))
          .then(
            added(described({ lockId: 'lock-2' })),
            inStream(`device-${deviceIdOf(ACCOUNT_ID, 'lock-2')}`, {
              type: 'DeviceDisconnected',
              data: { errorCode: 'device_disconnected' },
            }),
            removed,
            onAccount({ type: 'FirstSyncCompleted', data: {} }),
          );
      },
    ));
});

describe('an outage', () => {
  const unreachable = onAccount({ type: 'MakerUnreachable', data: { reason: 'no route' } });
  const reachable = onAccount({ type: 'MakerReachable', data: {} });
  beforeEach(() => {
    devices.maker.shows = { kind: 'unreachable', message: 'no route' };
  });

  it('is recorded once, and checked less often the longer it lasts', async () => {
    await devices.given(connected(), added());
    expect(await look().then(unreachable)).toBe(T0 + retryFirst);
    devices.clock.set(T0 + MINUTE);
    expect(await look().then()).toBe(T0 + 2 * MINUTE);
    devices.clock.set(T0 + DAY);
    expect(await look().then()).toBe(devices.clock.now() + retryLimit);
  });

  it('is over with the first answer', async () => {
    await devices.given(connected(), added());
    await look().then(unreachable);
    shows(described());
    expect(await look().then(reachable)).toBe(T0 + accountPollEvery);
    await look().then();
  });

  it('is also an answer that never came: reading locks has no effect on them', async () => {
    await devices.given(connected());
    devices.maker.shows = { kind: 'unknown', message: 'no route' };
    await look().then(unreachable);
  });

  it('is not an outage when we have sent too many requests', async () => {
    await devices.given(connected());
    devices.maker.shows = { kind: 'unreachable', message: 'slow down', retryAfterMs: 1_000 };
    expect(await look().then()).toBe(T0 + retryFirst);
  });

  it('ends with the grant: no further check is due', async () => {
    await devices.given(connected());
    devices.maker.shows = { kind: 'unauthorized', message: 'no grant' };
    await look().then(onAccount({ type: 'AccountDisconnected', data: { reason: 'no grant' } }));
    expect(await look().then()).toBeNull();
  });
});

describe('a lock that was not there before', () => {
  it('becomes a device, managed or not by the account’s setting', async () => {
    await devices.given(connected({ managesNewDevices: false }));
    shows(described());
    await look().then(added(described(), false));
  });

  it('is offline and its clock wrong from the first moment on', async () => {
    await devices.given(connected());
    shows(described({ online: false, hubOnline: false, clockDrift: 120_000, batteryLevel: 0.05 }));
    await look().then(
      added(),
      onDevice(
        { type: 'DeviceDisconnected', data: { errorCode: 'hub_disconnected' } },
        { type: 'ClockDrifted', data: { driftMs: 120_000 } },
        { type: 'BatteryRanLow', data: { level: 0.05 } },
      ),
    );
    await look().then();
  });

  it('is left alone where the account takes no locks', async () => {
    await devices.given(connected({ acceptedCapabilities: ['camera'] }));
    shows(described());
    await look().then();
  });

  it('was added by another process meanwhile', async () => {
    await devices.given(connected());
    shows(described({ online: false }));
    devices.overtakenBy(added());
    await look().then(
      added(),
      onDevice({ type: 'DeviceDisconnected', data: { errorCode: 'device_disconnected' } }),
    );
  });
});

describe('a lock that was deleted here', () => {
  it('stays so until the account is synced on request', async () => {
    await devices.given(connected(), added(), deleted);
    shows(described());
    await look().then();
    await devices.given(syncRequested);
    // The codes that were on it before are ended first.
    expect(devices.told).toEqual([]);
    await look().then(added());
    expect(devices.told).toEqual([`seen off ${DEVICE_ID}`]);
  });

  it('comes back with a new connection of the account', async () => {
    await devices.given(
      ...[connected(), added(), deleted],
      onAccount(
        { type: 'AccountDisconnected', data: { reason: 'x' } },
        { type: 'AccountReconnected', data: {} },
      ),
    );
    shows(described());
    await look().then(added());
  });

  it('was deleted after the last sync', async () => {
    const later = onDevice({ type: 'DeviceDeleted', data: { intake: 2 } });
    await devices.given(connected(), added(), syncRequested, later);
    shows(described());
    await look().then();
  });
});

describe('a lock that is known', () => {
  it('is recorded where it has changed', async () => {
    await devices.given(connected(), added(), added(described({ lockId: 'lock-2' })));
    shows(described({ name: 'Gate', online: false }), described({ lockId: 'lock-2' }));
    const { name, model, timeZone, capabilities } = described({ name: 'Gate' });
    await look().then(
      onDevice(
        { type: 'DeviceDescribed', data: { description: { name, model, timeZone, capabilities } as never } },
        { type: 'DeviceDisconnected', data: { errorCode: 'device_disconnected' } },
      ),
    );
    await look().then();
  });

  it('is decided again when something else is recorded meanwhile', async () => {
    await devices.given(connected(), added());
    shows(described({ online: false, batteryLevel: 0.5 }));
    const offline = onDevice({ type: 'DeviceDisconnected', data: { errorCode: 'device_disconnected' } });
    devices.overtakenBy(offline);
    await look().then(offline, onDevice({ type: 'BatteryMeasured', data: { level: 0.5 } }));
  });

  it('is gone when its maker no longer shows it, and there again when it does', async () => {
    await devices.given(connected(), added());
    shows();
    await look().then(removed);
    await look().then();
    shows(described());
    await look().then(added());
  });

  it('stays deleted when its maker no longer shows it', async () => {
    await devices.given(connected(), added(), deleted);
    shows();
    await look().then();
  });

  it('is read back when its maker reports that something on it has changed, once for each change', async () => {
    await devices.given(connected(), added());
    shows(described({ updatedAt: 'monday' }));
    await look().then();
    await look().then();
    expect(devices.process.locks.due).toEqual([`device:${DEVICE_ID}`]);
    shows(described({ updatedAt: 'tuesday' }));
    await look().then();
    expect(devices.process.locks.due).toEqual([`device:${DEVICE_ID}`, `device:${DEVICE_ID}`]);
    expect(devices.process.locks.readBackOf.get(DEVICE_ID)).toBe('tuesday');
  });

  it('is not read back where its maker does not report changes', async () => {
    await devices.given(connected(), added());
    shows(described({ updatedAt: null }));
    await look().then();
    expect(devices.process.locks.due).toEqual([]);
  });
});

describe('the clocks of locks', () => {
  const drifted = (driftMs: number) => onDevice({ type: 'ClockDrifted', data: { driftMs } });

  it('are wrong beyond what is tolerated, and right again within it', async () => {
    await devices.given(connected(), added());
    shows(described({ clockDrift: 60_000 }));
    await look().then();
    shows(described({ clockDrift: -60_001 }));
    await look().then(drifted(-60_001));
    shows(described({ clockDrift: 10 }));
    await look().then(onDevice({ type: 'ClockCorrected', data: { driftMs: 10 } }));
  });

  it('are right where all are off by the same: then the server’s is wrong', async () => {
    const others = ['lock-2', 'lock-3'].map((lockId) => described({ lockId, clockDrift: HOUR }));
    await devices.given(connected(), added(), ...others.map((lock) => added(lock)));
    shows(described({ clockDrift: HOUR }), ...others);
    await look().then();
    expect(devices.ownClock.doubted).toBe(1);
  });

  it('are compared with the server’s once it was set, by reports from then on', async () => {
    const other = described({ lockId: 'lock-2', clockDrift: HOUR });
    await devices.given(connected(), added(), added(other));
    shows(described({ clockDrift: HOUR }), other);
    await look().then();
    devices.process.watch.clockWasPut();
    shows(described({ clockDrift: HOUR }));
    const gone = inStream(`device-${deviceIdOf(ACCOUNT_ID, 'lock-2')}`, { type: 'DeviceRemoved', data: {} });
    // Alone, it can agree with no other.
    await look().then(drifted(HOUR), gone);
  });

  it('have the other accounts checked again where the verdict on the server’s changes', async () => {
    await devices.given(connected(), added(), inStream('account-account-2', ...otherAccount()));
    shows(described({ clockDrift: HOUR }));
    await look().then(drifted(HOUR));
    devices.maker.shows = {
      kind: 'answered',
      value: [described({ lockId: 'lock-9', clockDrift: HOUR })],
    };
    await devices.process.watch.account('account-2');
    expect(devices.process.locks.due).toEqual([`account:${ACCOUNT_ID}`]);
    shows(described({ clockDrift: HOUR }));
    await look().then(onDevice({ type: 'ClockCorrected', data: { driftMs: 0 } }));
  });
});

/** Another account at the same maker. */
function otherAccount() {
  const [{ type, data }] = connected({ accountId: 'account-2' }) as [ReturnType<typeof connected>[0]];
  return [{ type, data }];
}
