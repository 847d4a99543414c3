import { MINUTE } from '@latchkey/platform';
import { given, type Happened } from '@latchkey/event-sourcing';
import type { LockDescription } from '@latchkey/gateways';
import { type Device, type DeviceEvent, deviceFold } from './device';
import {
  add,
  connection,
  deleteDevice,
  observe,
  remove,
  reportCodeLengths,
  updateDevice,
} from './device-decisions';

const T0 = Date.UTC(2026, 5, 1, 12);
const identity = {
  deviceId: 'device-1',
  workspaceId: 'workspace-1',
  accountId: 'account-1',
  maker: 'sandbox',
  lockId: 'lock-1',
};
const limits = { clockDriftTolerance: MINUTE };

const lock: LockDescription = {
  lockId: 'lock-1',
  name: 'Front Door',
  model: 'M1',
  online: true,
  batteryLevel: null,
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
const deleted: DeviceEvent = { type: 'DeviceDeleted', data: { intake: 3 } };
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

  it('goes on- and offline, each recorded once', () => {
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

  it('records what is new in its description, all of it, once', () => {
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

  it('records a low battery once, and a new battery', () => {
    happened(wasAdded)
      .when((device) => observe(device, { ...lock, batteryLevel: 0.19 }, limits))
      .then([ranLow]);
    happened(wasAdded, ranLow)
      .when((device) => observe(device, { ...lock, batteryLevel: 0.18 }, limits))
      .then([]);
    happened(wasAdded, ranLow)
      .when((device) => observe(device, { ...lock, batteryLevel: null }, limits))
      .then([]);
    happened(wasAdded, ranLow)
      .when((device) => observe(device, { ...lock, batteryLevel: 0.2 }, limits))
      .then([{ type: 'BatteryRecovered', data: { level: 0.2 } }]);
  });

  it('records its battery’s level at first, then by steps and at each change of status', () => {
    const measured = (level: number): DeviceEvent => ({ type: 'BatteryMeasured', data: { level } });
    const looking = (batteryLevel: number) => (device: Device | null) =>
      observe(device, { ...lock, batteryLevel }, limits);
    happened(wasAdded)
      .when(looking(0.5))
      .then([measured(0.5)]);
    happened(wasAdded, measured(0.5)).when(looking(0.49)).then([]);
    happened(wasAdded, measured(0.5))
      .when(looking(0.48))
      .then([measured(0.48)]);
    happened(wasAdded, measured(0.95))
      .when(looking(0.94))
      .then([measured(0.94)]);
    happened(wasAdded, ranLow)
      .when(looking(0.09))
      .then([measured(0.09)]);
    expect(happened(wasAdded, measured(0.5)).state?.batteryLevel).toBe(0.5);
    expect(happened(wasAdded, ranLow).state).toMatchObject({ batteryLevel: 0.19, batteryLow: true });
    expect(happened(wasAdded, measured(0.5), gone, wasAdded).state?.batteryLevel).toBe(0.5);
  });

  it('records since when its clock has been wrong, and by how much', () => {
    expect(happened(wasAdded, drifted).state?.clockDrift).toEqual({ since: T0 + 1, by: -60_001 });
    const corrected: DeviceEvent = { type: 'ClockCorrected', data: { driftMs: 0 } };
    expect(happened(wasAdded, drifted, corrected).state?.clockDrift).toBeNull();
  });

  it('records nothing once it is gone', () => {
    happened(wasAdded).when(remove).then([gone]);
    const removed = happened(wasAdded, gone);
    removed.when(remove).then([]);
    removed.when((device) => connection(device, false)).then([]);
    removed.when((device) => observe(device, { ...lock, name: 'Other' }, limits)).then([]);
    expect(removed.state?.removedAt).toBe(T0 + 1);
  });

  it('is offline with its hub, recorded once for each reason', () => {
    const hubAway: LockDescription = { ...lock, online: false, hubOnline: false };
    const hub: DeviceEvent = { type: 'DeviceDisconnected', data: { errorCode: 'hub_disconnected' } };
    happened(wasAdded)
      .when((device) => observe(device, hubAway, limits))
      .then([hub]);
    happened(wasAdded, hub)
      .when((device) => observe(device, hubAway, limits))
      .then([]);
    happened(wasAdded, hub)
      .when((device) => observe(device, { ...hubAway, hubOnline: true }, limits))
      .then([offline]);
    expect(happened(wasAdded, hub).state).toMatchObject({
      online: false,
      offlineBecause: 'hub_disconnected',
    });
    expect(happened(wasAdded, hub, online).state).toMatchObject({ online: true, offlineBecause: null });
  });

  it('keeps its name and metadata from clients while it is away', () => {
    const named: DeviceEvent = {
      type: 'DeviceUpdated',
      data: { nickname: 'Lobby', customMetadata: { floor: '2', vip: true } },
    };
    happened(wasAdded)
      .when((device) =>
        updateDevice(device, { nickname: 'Lobby', customMetadata: { floor: '2', vip: true } }),
      )
      .then([named]);
    happened(wasAdded, named)
      .when((device) =>
        updateDevice(device, { nickname: 'Lobby', customMetadata: { vip: true }, managed: true }),
      )
      .then([]);
    happened(wasAdded, named)
      .when((device) => updateDevice(device, { nickname: null, customMetadata: { vip: null, wing: 'east' } }))
      .then([
        { type: 'DeviceUpdated', data: { nickname: null, customMetadata: { floor: '2', wing: 'east' } } },
      ]);
    happened(wasAdded)
      .when((device) => updateDevice(device, { backupPool: false }))
      .then([{ type: 'DeviceUpdated', data: { backupPool: false } }]);
    expect(happened(wasAdded, named, gone, wasAdded).state).toMatchObject(named.data);
    expect(happened(wasAdded, named, gone, deleted, wasAdded).state).toMatchObject({
      nickname: null,
      customMetadata: {},
      addedAt: T0 + 4,
      deletedAt: null,
    });
  });

  it('is managed or not, and keeps that until it is deleted', () => {
    const left: DeviceEvent = { type: 'DeviceConvertedToUnmanaged', data: {} };
    const taken: DeviceEvent = { type: 'DeviceConvertedToManaged', data: {} };
    const unmanaged = { ...wasAdded, data: { ...wasAdded.data, managed: false } } as DeviceEvent;
    happened()
      .when((device) => add(device, identity, lock, false))
      .then([unmanaged]);
    happened(wasAdded)
      .when((device) => updateDevice(device, { managed: false }))
      .then([left]);
    happened(unmanaged)
      .when((device) => updateDevice(device, { managed: true }))
      .then([taken]);
    expect(happened(wasAdded, left, gone, wasAdded).state?.managed).toBe(false);
    expect(happened(wasAdded, gone, unmanaged).state?.managed).toBe(true);
    expect(happened(wasAdded, deleted, unmanaged).state?.managed).toBe(false);
  });

  it('is deleted once, also where it was taken away before', () => {
    const asked = (device: Device | null) => deleteDevice(device, 3);
    happened().when(asked).then([]);
    happened(wasAdded).when(asked).then([deleted]);
    happened(wasAdded, gone).when(asked).then([deleted]);
    happened(wasAdded, deleted).when(asked).then([]);
    happened(wasAdded, deleted).when(remove).then([]);
    happened(wasAdded, deleted)
      .when((device) => updateDevice(device, { nickname: 'Lobby' }))
      .then([]);
    expect(happened(wasAdded, gone, deleted).state).toMatchObject({ removedAt: T0 + 1, deletedAt: T0 + 2 });
  });

  it('takes codes of lengths that both its maker and clients have reported', () => {
    const reported: DeviceEvent = { type: 'CodeLengthsReported', data: { lengths: [5, 6, 7] } };
    happened(wasAdded)
      .when((device) => reportCodeLengths(device, [7, 6, 5, 6]))
      .then([reported]);
    happened(wasAdded, reported)
      .when((device) => reportCodeLengths(device, [5, 6, 7]))
      .then([]);
    const { state } = happened(wasAdded, reported);
    expect(state?.capabilities.supportedCodeLengths).toEqual([6]);
    // What a client reported is not a change by the maker.
    expect(observe(state, lock, limits)).toEqual([]);
    const others = {
      type: 'DeviceDescribed',
      data: { description: { ...described, capabilities: { ...capabilities, supportedCodeLengths: [8] } } },
    } as DeviceEvent;
    expect(happened(wasAdded, reported, others).state?.capabilities.supportedCodeLengths).toEqual([8]);
  });
});
