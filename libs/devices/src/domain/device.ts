import { EventCodec, type Fold, type Happened } from '@latchkey/event-sourcing';
import type { LockCapabilities } from '@latchkey/gateways';
import { z } from 'zod';

/** Streams `device-<id>`: one lock, as its maker describes it, and its current state. */
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
  /** The numbered places for codes that are ours. */
  slots: z.object({ first: z.number().int(), last: z.number().int() }).optional(),
  timeStepMinutes: z.number().int().optional(),
  keepsWallTime: z.boolean().optional(),
  oneTimeCodes: z.boolean().optional(),
  canRemotelyLock: z.boolean(),
  canRemotelyUnlock: z.boolean(),
});

const description = z.object({
  name: z.string(),
  model: z.string().nullable(),
  timeZone: z.string().nullable(),
  capabilities,
});

export type Described = z.infer<typeof description>;

const customMetadata = z.record(z.string(), z.union([z.string(), z.boolean()]));

/** Metadata that a client stores with an object. */
export type CustomMetadata = Readonly<z.infer<typeof customMetadata>>;

/** What makes a lock unreachable: the lock itself, or the hub that it is connected to. */
const offlineBecause = z.enum(['device_disconnected', 'hub_disconnected']);

export type OfflineBecause = z.infer<typeof offlineBecause>;

const shapes = {
  DeviceAdded: {
    schema: z.object({
      deviceId: z.string(),
      workspaceId: z.string(),
      accountId: z.string(),
      maker: z.string(),
      lockId: z.string(),
      description,
      /** Left out: managed. Counts where the device is new, or was deleted before. */
      managed: z.boolean().optional(),
    }),
  },
  DeviceDescribed: { schema: z.object({ description }) },
  DeviceConnected: { schema: z.object({}) },
  DeviceDisconnected: { schema: z.object({ errorCode: offlineBecause }) },
  /** Its owner took it out of the account. */
  DeviceRemoved: { schema: z.object({}) },
  /** It is deleted here, although its lock may still be in the account. */
  DeviceDeleted: {
    schema: z.object({
      /** The account's `intakes` then: the next one may take the lock up again. */
      intake: z.number().int(),
    }),
  },
  /** Its name and metadata from clients; only what has changed, each as a whole. */
  DeviceUpdated: {
    schema: z.object({
      nickname: z.string().nullable().optional(),
      customMetadata: customMetadata.optional(),
      backupPool: z.boolean().optional(),
    }),
  },
  DeviceConvertedToUnmanaged: { schema: z.object({}) },
  DeviceConvertedToManaged: { schema: z.object({}) },
  /** A client knows more than the maker reports about how long the lock's codes may be. */
  CodeLengthsReported: { schema: z.object({ lengths: z.array(z.number().int()) }) },
  ClockDrifted: { schema: z.object({ driftMs: z.number() }) },
  ClockCorrected: { schema: z.object({ driftMs: z.number() }) },
  BatteryRanLow: { schema: z.object({ level: z.number().nullable() }) },
  BatteryRecovered: { schema: z.object({ level: z.number().nullable() }) },
  /** Another level than before, 0 to 1, though neither low nor no longer low by it. */
  BatteryMeasured: { schema: z.object({ level: z.number() }) },
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
  /** What the lock can do: as its maker reports it, narrowed by what clients have reported. */
  readonly capabilities: LockCapabilities;
  /** The code lengths that its maker reports. */
  readonly makersCodeLengths: readonly number[];
  readonly reportedCodeLengths: readonly number[] | null;
  /** Its name from clients. */
  readonly nickname: string | null;
  readonly customMetadata: CustomMetadata;
  /** Whether backup codes are kept ready on it; null: from the first code on that uses them. */
  readonly backupPool: boolean | null;
  /** An unmanaged device is read and not touched. */
  readonly managed: boolean;
  readonly addedAt: number;
  readonly online: boolean;
  /** Null while it is online. */
  readonly offlineBecause: OfflineBecause | null;
  /** When it last went on- or offline, ms. */
  readonly connectionChangedAt: number;
  /** When it was taken out of its account, or deleted here, ms. */
  readonly removedAt: number | null;
  readonly deletedAt: number | null;
  /** Its account's `intakes` when it was deleted. */
  readonly deletedInIntake: number | null;
  /** False while the lock's clock is too far off for it to keep windows by itself. */
  readonly clockTrusted: boolean;
  /** Since when, ms, and by how much it was off then, ms: ahead, or behind where negative. */
  readonly clockDrift?: { readonly since: number; readonly by: number } | null;
  readonly batteryLow: boolean;
  /** 0 to 1; null or left out: not reported by its maker. */
  readonly batteryLevel?: number | null;
}

/** Null until the device was added. */
export const deviceFold: Fold<Device | null, DeviceEvent> = {
  initial: null,
  evolve(device, event) {
    if (event.type === 'DeviceAdded') {
      const { description, managed = true, ...identity } = event.data;
      // A deleted device starts afresh; one that was only away is as it was.
      const known = device?.deletedAt === null ? device : null;
      const reportedCodeLengths = known?.reportedCodeLengths ?? null;
      return {
        ...identity,
        ...described(description, reportedCodeLengths),
        reportedCodeLengths,
        nickname: known?.nickname ?? null,
        customMetadata: known?.customMetadata ?? {},
        backupPool: known?.backupPool ?? null,
        managed: known?.managed ?? managed,
        addedAt: known?.addedAt ?? event.at,
        online: true,
        offlineBecause: null,
        connectionChangedAt: event.at,
        removedAt: null,
        deletedAt: null,
        deletedInIntake: null,
        clockTrusted: true,
        clockDrift: null,
        batteryLow: false,
        batteryLevel: known?.batteryLevel ?? null,
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
      return { ...device, ...described(event.data.description, device.reportedCodeLengths) };
    case 'DeviceConnected':
      return { ...device, online: true, offlineBecause: null, connectionChangedAt: event.at };
    case 'DeviceDisconnected':
      return {
        ...device,
        online: false,
        offlineBecause: event.data.errorCode,
        connectionChangedAt: event.at,
      };
    case 'DeviceRemoved':
      return { ...device, removedAt: event.at };
    case 'DeviceDeleted':
      return {
        ...device,
        removedAt: device.removedAt ?? event.at,
        deletedAt: event.at,
        deletedInIntake: event.data.intake,
      };
    case 'DeviceUpdated':
      return { ...device, ...event.data };
    case 'DeviceConvertedToUnmanaged':
      return { ...device, managed: false };
    case 'DeviceConvertedToManaged':
      return { ...device, managed: true };
    case 'CodeLengthsReported': {
      const { lengths } = event.data;
      const supportedCodeLengths = narrowed(device.makersCodeLengths, lengths);
      return {
        ...device,
        reportedCodeLengths: lengths,
        capabilities: { ...device.capabilities, supportedCodeLengths },
      };
    }
    case 'ClockDrifted':
      return { ...device, clockTrusted: false, clockDrift: { since: event.at, by: event.data.driftMs } };
    case 'ClockCorrected':
      return { ...device, clockTrusted: true, clockDrift: null };
    case 'BatteryRanLow':
      return { ...device, batteryLow: true, batteryLevel: event.data.level ?? device.batteryLevel };
    case 'BatteryRecovered':
      return { ...device, batteryLow: false, batteryLevel: event.data.level ?? device.batteryLevel };
    case 'BatteryMeasured':
      return { ...device, batteryLevel: event.data.level };
    default: {
      const never: never = event;
      return never;
    }
  }
}

function described({ capabilities, ...rest }: Described, reported: readonly number[] | null) {
  const { supportedCodeLengths: makersCodeLengths } = capabilities;
  const supportedCodeLengths = reported ? narrowed(makersCodeLengths, reported) : makersCodeLengths;
  return { ...rest, makersCodeLengths, capabilities: { ...capabilities, supportedCodeLengths } };
}

/** The maker's lengths that clients have reported as well; all of the maker's if none of them is left. */
function narrowed(makers: readonly number[], reported: readonly number[]): number[] {
  const both = makers.filter((length) => reported.includes(length));
  return both.length > 0 ? both : [...makers];
}

/** Its name from clients, or else from its maker. */
export const displayNameOf = ({ nickname, name }: Device): string => nickname ?? name;
