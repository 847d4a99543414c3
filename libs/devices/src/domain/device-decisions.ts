import type { LockDescription } from '@latchkey/gateways';
import { batteryStatusOf, LOW_BATTERY } from './battery';
import type { CustomMetadata, Described, Device, DeviceEvent, OfflineBecause } from './device';

/** Smaller changes of a battery level than this are taken for noise. */
const BATTERY_STEP = 0.02;

/** The events that follow from a lock's description: only what is new. */
export function observe(
  device: Device | null,
  seen: LockDescription,
  limits: { readonly clockDriftTolerance: number },
): DeviceEvent[] {
  if (!present(device)) return [];
  const events: DeviceEvent[] = [];
  if (!isKnownAs(device, seen)) {
    const { name, model, timeZone, capabilities } = seen;
    const description = structuredClone({ name, model, timeZone, capabilities }) as Described;
    events.push({ type: 'DeviceDescribed', data: { description } });
  }
  events.push(...connection(device, seen.online, becauseOf(seen)));
  if (seen.clockDrift !== null) {
    const trusted = Math.abs(seen.clockDrift) <= limits.clockDriftTolerance;
    if (trusted && !device.clockTrusted)
      events.push({ type: 'ClockCorrected', data: { driftMs: seen.clockDrift } });
    if (!trusted && device.clockTrusted)
      events.push({ type: 'ClockDrifted', data: { driftMs: seen.clockDrift } });
  }
  if (seen.batteryLevel !== null) events.push(...battery(device, seen.batteryLevel));
  return events;
}

type Seen = Pick<LockDescription, 'name' | 'model' | 'timeZone' | 'capabilities'>;

/**
 * What is known of a device, as JSON, and the last description that was the same. A state never changes, nor do
 * capabilities, and both are compared each time that a lock is looked at.
 */
const descriptions = new WeakMap<Device, { readonly written: string; same: Seen | undefined }>();

/** Whether all that a lock's maker describes of it is known. */
function isKnownAs(device: Device, seen: Seen): boolean {
  const { name, model, timeZone, capabilities } = seen;
  const known = knownOf(device);
  const { same } = known;
  if (
    same?.capabilities === capabilities &&
    same.name === name &&
    same.model === model &&
    same.timeZone === timeZone
  )
    return true;
  if (JSON.stringify({ name, model, timeZone, capabilities }) !== known.written) return false;
  known.same = seen;
  return true;
}

function knownOf(device: Device) {
  const kept = descriptions.get(device);
  if (kept) return kept;
  const { name, model, timeZone, makersCodeLengths: supportedCodeLengths } = device;
  const capabilities = { ...device.capabilities, supportedCodeLengths };
  const known = {
    written: JSON.stringify({ name, model, timeZone, capabilities }),
    same: undefined as Seen | undefined,
  };
  descriptions.set(device, known);
  return known;
}

/** A battery is reported when it becomes low or is no longer low, gets another status, or goes down by some steps. */
function battery({ batteryLow, batteryLevel = null }: Device, level: number): DeviceEvent[] {
  const low = level < LOW_BATTERY;
  if (low && !batteryLow) return [{ type: 'BatteryRanLow', data: { level } }];
  if (!low && batteryLow) return [{ type: 'BatteryRecovered', data: { level } }];
  const same =
    batteryLevel !== null &&
    Math.abs(batteryLevel - level) < BATTERY_STEP &&
    batteryStatusOf(batteryLevel) === batteryStatusOf(level);
  return same ? [] : [{ type: 'BatteryMeasured', data: { level } }];
}

const becauseOf = (seen: LockDescription): OfflineBecause =>
  seen.hubOnline === false ? 'hub_disconnected' : 'device_disconnected';

/** The device was reported or seen to be on- or offline, or offline for another reason than before. */
export function connection(
  device: Device | null,
  online: boolean,
  because: OfflineBecause = 'device_disconnected',
): DeviceEvent[] {
  if (!present(device)) return [];
  if (online) return device.online ? [] : [{ type: 'DeviceConnected', data: {} }];
  const same = !device.online && device.offlineBecause === because;
  return same ? [] : [{ type: 'DeviceDisconnected', data: { errorCode: because } }];
}

const present = (device: Device | null): device is Device => device !== null && device.removedAt === null;

/** A lock that its maker shows for the first time, or again after it was gone. */
export function add(
  device: Device | null,
  identity: { deviceId: string; workspaceId: string; accountId: string; maker: string; lockId: string },
  seen: LockDescription,
  managed = true,
): DeviceEvent[] {
  if (present(device)) return [];
  const { name, model, timeZone, capabilities: can } = seen;
  const events: DeviceEvent[] = [
    {
      type: 'DeviceAdded',
      data: {
        ...identity,
        description: structuredClone({ name, model, timeZone, capabilities: can }) as Described,
        ...(managed ? {} : { managed }),
      },
    },
  ];
  if (!seen.online) events.push({ type: 'DeviceDisconnected', data: { errorCode: becauseOf(seen) } });
  return events;
}

export function remove(device: Device | null): DeviceEvent[] {
  return present(device) ? [{ type: 'DeviceRemoved', data: {} }] : [];
}

/**
 * Deletes a device here, also one that its owner has taken out of the account.
 * @param intake how often its account's locks had been looked at again
 */
export function deleteDevice(device: Device | null, intake: number): DeviceEvent[] {
  return device && device.deletedAt === null ? [{ type: 'DeviceDeleted', data: { intake } }] : [];
}

export interface DeviceWishes {
  /** Null: the maker's name for it. */
  readonly nickname?: string | null;
  /** Merged into what is there; null removes an entry. */
  readonly customMetadata?: Readonly<Record<string, string | boolean | null>>;
  readonly backupPool?: boolean;
  readonly managed?: boolean;
}

/** Changes a device. The event has only what differs. */
export function updateDevice(device: Device | null, wanted: DeviceWishes): DeviceEvent[] {
  if (!device || device.deletedAt !== null) return [];
  const { nickname, backupPool, managed } = wanted;
  const customMetadata = laidOver(device.customMetadata, wanted.customMetadata ?? {});
  const data = {
    ...(nickname === undefined || nickname === device.nickname ? {} : { nickname }),
    ...(sameMetadata(customMetadata, device.customMetadata) ? {} : { customMetadata }),
    ...(backupPool === undefined || backupPool === device.backupPool ? {} : { backupPool }),
  };
  const events: DeviceEvent[] = [];
  if (Object.keys(data).length > 0) events.push({ type: 'DeviceUpdated', data });
  if (managed !== undefined && managed !== device.managed) {
    events.push({ type: managed ? 'DeviceConvertedToManaged' : 'DeviceConvertedToUnmanaged', data: {} });
  }
  return events;
}

/** Merges entries by name; null removes one. */
export function laidOver(
  before: CustomMetadata,
  changes: Readonly<Record<string, string | boolean | null>>,
): Record<string, string | boolean> {
  const after = Object.entries({ ...before, ...changes });
  return Object.fromEntries(after.filter((entry): entry is [string, string | boolean] => entry[1] !== null));
}

export function sameMetadata(a: CustomMetadata, b: CustomMetadata): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** A client says how long the lock's codes may be. Reported again, it changes nothing. */
export function reportCodeLengths(device: Device | null, lengths: readonly number[]): DeviceEvent[] {
  if (!present(device)) return [];
  const sorted = [...new Set(lengths)].sort((a, b) => a - b);
  if (JSON.stringify(sorted) === JSON.stringify(device.reportedCodeLengths)) return [];
  return [{ type: 'CodeLengthsReported', data: { lengths: sorted } }];
}
