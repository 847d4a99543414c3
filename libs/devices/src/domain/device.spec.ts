import { given, type Happened } from '@latchkey/event-sourcing';
import type { LockDescription } from '@latchkey/gateways';
import { add, connection, type DeviceEvent, deviceFold, observe, remove } from './device';

const T0 = Date.UTC(2026, 5, 1, 12);
const identity = {
  deviceId: 'device-1',
  workspaceId: 'workspace-1',
  accountId: 'account-1',
  maker: 'sandbox',
  lockId: 'lock-1',
};
const limits = { clockDriftTolerance: 60_000 };

const lock: LockDescription = {
  lockId: 'lock-1',
  name: 'Front Door',
  model: 'M1',
  online: true,
  batteryLevel: 0.9,
  timeZone: 'Europe/Berlin',
  clockDrift: 0,
  updatedAt: null,
  capabilities: {
    nativeScheduling: true,
    supportedCodeLengths: [4, 6],
    codeConstraints: [{ constraintType: 'no_zeros' }],
    maxActiveCodes: 5,
    canRemotelyLock: true,
    canRemotelyUnlock: false,
  },
};
const { name, model, timeZone, capabilities } = lock;
const described = { name, model, timeZone, capabilities };
const wasAdded = { type: 'DeviceAdded', data: { ...identity, description: described } } as DeviceEvent;
const happened = (...events: DeviceEvent[]) =>
  given(
    deviceFold,
    events.map((event, n): Happened<DeviceEvent> => ({ ...event, at: T0 + n })),
  );
const offline: DeviceEvent = { type: 'DeviceDisconnected', data: { errorCode: 'device_disconnected' } };
const online: DeviceEvent = { type: 'DeviceConnected', data: {} };
const gone: DeviceEvent = { type: 'DeviceRemoved', data: {} };
const drifted: DeviceEvent = { type: 'ClockDrifted', data: { driftMs: -60_001 } };
const ranLow: DeviceEvent = { type: 'BatteryRanLow', data: { level: 0.19 } };

describe('a device', () => {
  it('is added once, offline where it is, and again after it was gone', () => {
    happened()
      .when((device) => add(device, identity, lock))
      .then([wasAdded]);
    happened()
      .when((device) => add(device, identity, { ...lock, online: false }))
      .then([wasAdded, offline]);
    happened(wasAdded)
      .when((device) => add(device, identity, lock))
      .then([]);
    happened(wasAdded, gone)
      .when((device) => add(device, identity, lock))
      .then([wasAdded]);
    expect(happened(wasAdded, offline, gone, wasAdded).state).toMatchObject({
      addedAt: T0,
      removedAt: null,
      online: true,
      connectionChangedAt: T0 + 3,
    });
  });

  it('begins with being added', () => {
    expect(happened(online).state).toBeNull();
    happened()
      .when((device) => observe(device, lock, limits))
      .then([]);
    happened().when(remove).then([]);
    happened()
      .when((device) => connection(device, false))
      .then([]);
  });

  it('goes on- and offline, each told once', () => {
    happened(wasAdded)
      .when((device) => connection(device, false))
      .then([offline]);
    happened(wasAdded, offline)
      .when((device) => connection(device, false))
      .then([]);
    happened(wasAdded, offline)
      .when((device) => connection(device, true))
      .then([online]);
    expect(happened(wasAdded, offline).state).toMatchObject({ online: false, connectionChangedAt: T0 + 1 });
    expect(happened(wasAdded, offline, online).state).toMatchObject({ online: true });
  });

  it('tells what is new of its description, all of it, once', () => {
    happened(wasAdded)
      .when((device) => observe(device, lock, limits))
      .then([]);
    const less = { ...lock, name: 'Back Door', capabilities: { ...capabilities, nativeScheduling: false } };
    const { name, model, timeZone } = less;
    const redescribed = {
      type: 'DeviceDescribed',
      data: { description: { name, model, timeZone, capabilities: less.capabilities } },
    } as DeviceEvent;
    happened(wasAdded)
      .when((device) => observe(device, less, limits))
      .then([redescribed]);
    happened(wasAdded, redescribed)
      .when((device) => observe(device, less, limits))
      .then([]);
    expect(happened(wasAdded, redescribed).state).toMatchObject({
      name: 'Back Door',
      capabilities: { nativeScheduling: false },
    });
  });

  it('is not trusted with windows while its clock is beyond the tolerance', () => {
    happened(wasAdded)
      .when((device) => observe(device, { ...lock, clockDrift: 60_000 }, limits))
      .then([]);
    happened(wasAdded)
      .when((device) => observe(device, { ...lock, clockDrift: -60_001 }, limits))
      .then([drifted]);
    happened(wasAdded, drifted)
      .when((device) => observe(device, { ...lock, clockDrift: null }, limits))
      .then([]);
    happened(wasAdded, drifted)
      .when((device) => observe(device, lock, limits))
      .then([{ type: 'ClockCorrected', data: { driftMs: 0 } }]);
    expect(happened(wasAdded, drifted).state?.clockTrusted).toBe(false);
    expect(happened(wasAdded, drifted, { type: 'ClockCorrected', data: { driftMs: 0 } }).state).toMatchObject(
      {
        clockTrusted: true,
      },
    );
  });

  it('tells of a low battery once, and of a new one', () => {
    happened(wasAdded)
      .when((device) => observe(device, { ...lock, batteryLevel: 0.19 }, limits))
      .then([ranLow]);
    happened(wasAdded, ranLow)
      .when((device) => observe(device, { ...lock, batteryLevel: 0.1 }, limits))
      .then([]);
    happened(wasAdded, ranLow)
      .when((device) => observe(device, { ...lock, batteryLevel: null }, limits))
      .then([]);
    happened(wasAdded, ranLow)
      .when((device) => observe(device, { ...lock, batteryLevel: 0.2 }, limits))
      .then([{ type: 'BatteryRecovered', data: { level: 0.2 } }]);
  });

  it('is silent once it is gone', () => {
    happened(wasAdded).when(remove).then([gone]);
    const removed = happened(wasAdded, gone);
    removed.when(remove).then([]);
    removed.when((device) => connection(device, false)).then([]);
    removed.when((device) => observe(device, { ...lock, name: 'Other' }, limits)).then([]);
    expect(removed.state?.removedAt).toBe(T0 + 1);
  });
});
