import { EventCodec, type Fold, type Happened } from '@latchkey/event-sourcing';
import type { LockCapabilities, LockDescription } from '@latchkey/gateways';
import { z } from 'zod';

/** Streams `device-<id>`: one lock, as its maker describes it and as it is doing. */
export const DEVICE = 'device';

const capabilities = z.object({
  nativeScheduling: z.boolean(),
  supportedCodeLengths: z.array(z.number().int()),
  codeConstraints: z.array(
    z.object({
      constraintType: z.string(),
      minLength: z.number().optional(),
      maxLength: z.number().optional(),
    }),
  ),
  maxActiveCodes: z.number().int().nullable(),
  canRemotelyLock: z.boolean(),
  canRemotelyUnlock: z.boolean(),
});

const description = z.object({
  name: z.string(),
  model: z.string().nullable(),
  timeZone: z.string().nullable(),
  capabilities,
});

export type Disconnection = 'account_disconnected' | 'hub_disconnected' | 'device_disconnected';

const shapes = {
  DeviceAdded: {
    schema: z.object({
      deviceId: z.string(),
      workspaceId: z.string(),
      accountId: z.string(),
      maker: z.string(),
      lockId: z.string(),
      description,
    }),
  },
  DeviceDescribed: { schema: z.object({ description }) },
  DeviceConnected: { schema: z.object({}) },
  DeviceDisconnected: { schema: z.object({ errorCode: z.literal('device_disconnected') }) },
  DeviceRemoved: { schema: z.object({}) },
  ClockDrifted: { schema: z.object({ driftMs: z.number() }) },
  ClockCorrected: { schema: z.object({ driftMs: z.number() }) },
  BatteryRanLow: { schema: z.object({ level: z.number().nullable() }) },
  BatteryRecovered: { schema: z.object({ level: z.number().nullable() }) },
};

export type DeviceEvent = {
  [T in keyof typeof shapes]: { readonly type: T; readonly data: z.infer<(typeof shapes)[T]['schema']> };
}[keyof typeof shapes];

export const deviceCodec = new EventCodec<DeviceEvent>(shapes);

export interface Device {
  readonly deviceId: string;
  readonly workspaceId: string;
  readonly accountId: string;
  readonly maker: string;
  readonly lockId: string;
  readonly name: string;
  readonly model: string | null;
  readonly timeZone: string | null;
  readonly capabilities: LockCapabilities;
  readonly addedAt: number;
  readonly online: boolean;
  /** When it last went on- or offline, ms. */
  readonly connectionChangedAt: number;
  readonly removedAt: number | null;
  /** False while the lock's clock is too far off to be left to keep a window. */
  readonly clockTrusted: boolean;
  readonly batteryLow: boolean;
}

/** Null until the device was added. */
export const deviceFold: Fold<Device | null, DeviceEvent> = {
  initial: null,
  evolve(device, event) {
    if (event.type === 'DeviceAdded') {
      const { description, ...identity } = event.data;
      return {
        ...identity,
        ...description,
        addedAt: device?.addedAt ?? event.at,
        online: true,
        connectionChangedAt: event.at,
        removedAt: null,
        clockTrusted: true,
        batteryLow: false,
      };
    }
    return device && evolveDevice(device, event);
  },
};

function evolveDevice(
  device: Device,
  event: Exclude<Happened<DeviceEvent>, { type: 'DeviceAdded' }>,
): Device {
  switch (event.type) {
    case 'DeviceDescribed':
      return { ...device, ...event.data.description };
    case 'DeviceConnected':
      return { ...device, online: true, connectionChangedAt: event.at };
    case 'DeviceDisconnected':
      return { ...device, online: false, connectionChangedAt: event.at };
    case 'DeviceRemoved':
      return { ...device, removedAt: event.at };
    case 'ClockDrifted':
      return { ...device, clockTrusted: false };
    case 'ClockCorrected':
      return { ...device, clockTrusted: true };
    case 'BatteryRanLow':
      return { ...device, batteryLow: true };
    case 'BatteryRecovered':
      return { ...device, batteryLow: false };
    default: {
      const never: never = event;
      return never;
    }
  }
}

const LOW_BATTERY = 0.2;

/** What a lock's own description makes of the device: only what is new is told. */
export function observe(
  device: Device | null,
  seen: LockDescription,
  limits: { readonly clockDriftTolerance: number },
): DeviceEvent[] {
  if (!device || device.removedAt !== null) return [];
  const events: DeviceEvent[] = [];
  const described = {
    name: seen.name,
    model: seen.model,
    timeZone: seen.timeZone,
    capabilities: seen.capabilities,
  };
  const known = {
    name: device.name,
    model: device.model,
    timeZone: device.timeZone,
    capabilities: device.capabilities,
  };
  if (JSON.stringify(described) !== JSON.stringify(known)) {
    events.push({ type: 'DeviceDescribed', data: { description: structuredClone(described) as Described } });
  }
  events.push(...connection(device, seen.online));
  if (seen.clockDrift !== null) {
    const trusted = Math.abs(seen.clockDrift) <= limits.clockDriftTolerance;
    if (trusted && !device.clockTrusted)
      events.push({ type: 'ClockCorrected', data: { driftMs: seen.clockDrift } });
    if (!trusted && device.clockTrusted)
      events.push({ type: 'ClockDrifted', data: { driftMs: seen.clockDrift } });
  }
  if (seen.batteryLevel !== null) {
    const low = seen.batteryLevel < LOW_BATTERY;
    if (low && !device.batteryLow) events.push({ type: 'BatteryRanLow', data: { level: seen.batteryLevel } });
    if (!low && device.batteryLow)
      events.push({ type: 'BatteryRecovered', data: { level: seen.batteryLevel } });
  }
  return events;
}

type Described = z.infer<typeof description>;

/** The device said, or was seen, to be on- or offline. */
export function connection(device: Device | null, online: boolean): DeviceEvent[] {
  if (!device || device.removedAt !== null || device.online === online) return [];
  return online
    ? [{ type: 'DeviceConnected', data: {} }]
    : [{ type: 'DeviceDisconnected', data: { errorCode: 'device_disconnected' } }];
}

/** A lock that its maker shows for the first time, or again after it was gone. */
export function add(
  device: Device | null,
  identity: { deviceId: string; workspaceId: string; accountId: string; maker: string; lockId: string },
  seen: LockDescription,
): DeviceEvent[] {
  if (device && device.removedAt === null) return [];
  const { name, model, timeZone, capabilities: can } = seen;
  const events: DeviceEvent[] = [
    {
      type: 'DeviceAdded',
      data: {
        ...identity,
        description: structuredClone({ name, model, timeZone, capabilities: can }) as Described,
      },
    },
  ];
  if (!seen.online) events.push({ type: 'DeviceDisconnected', data: { errorCode: 'device_disconnected' } });
  return events;
}

export function remove(device: Device | null): DeviceEvent[] {
  return device && device.removedAt === null ? [{ type: 'DeviceRemoved', data: {} }] : [];
}
