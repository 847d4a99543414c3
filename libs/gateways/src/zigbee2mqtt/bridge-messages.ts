import { z } from 'zod';

/** A lock with codes, as Zigbee2MQTT lists it. */
export interface BridgeLock {
  /** Its IEEE address: stays the same when it is renamed or paired again. */
  readonly lockId: string;
  /** The name that its topics have; changes when it is renamed. */
  readonly name: string;
  readonly model: string | null;
}

/** What Zigbee2MQTT says of itself. */
export interface BridgeInfo {
  readonly version: string;
  /** The radio's own address: which network this is. */
  readonly coordinator: string;
  /** Whether it publishes a device's state as one JSON object, without which nothing can be read. */
  readonly publishesJson: boolean;
  /** Whether it watches over whether devices are there (its setting `availability`). */
  readonly watchesLocks: boolean;
  /** Locks, by IEEE address, whose read codes it does not repeat from its memory. */
  readonly unrepeated: ReadonlySet<string>;
  /** Properties, by IEEE address, that it is already told to leave out of its memory. */
  readonly filteredCache: ReadonlyMap<string, readonly string[]>;
}

export type UserStatus = 'enabled' | 'disabled' | 'available' | 'unsupported';

/** What of a lock's own message matters here; what is not in it is left out. */
export interface LockMessage {
  readonly users?: ReadonlyMap<number, { readonly status: UserStatus; readonly pin: string | null }>;
  readonly state?: 'LOCK' | 'UNLOCK';
  readonly lockState?: string;
  /** 0 to 1. */
  readonly battery?: number;
  readonly batteryLow?: boolean;
  readonly tamper?: boolean;
  readonly action?: string;
  readonly actionUser?: number;
  readonly actionSource?: string;
  /** When Zigbee2MQTT is set to say it. */
  readonly lastSeen?: string;
}

const expose = z.looseObject({
  property: z.string().optional().catch(undefined),
  features: z.array(z.unknown()).optional().catch(undefined),
});

const device = z.looseObject({
  ieee_address: z.string().min(1),
  friendly_name: z.string().min(1),
  supported: z.boolean().optional(),
  disabled: z.boolean().optional(),
  definition: z
    .looseObject({
      model: z.string().optional().catch(undefined),
      vendor: z.string().optional().catch(undefined),
      exposes: z.array(z.unknown()).catch([]),
    })
    .nullish()
    .catch(null),
});

/** The locks that take codes, from `bridge/devices`; null if it is no list. What else is in it is passed over. */
export function parseDevices(text: string): BridgeLock[] | null {
  const list = z.array(z.unknown()).safeParse(json(text));
  if (!list.success) return null;
  return list.data.flatMap((each): BridgeLock[] => {
    const read = device.safeParse(each);
    if (!read.success || read.data.disabled === true) return [];
    const { ieee_address: lockId, friendly_name: name, definition } = read.data;
    if (!definition?.exposes.some(takesCodes)) return [];
    const model = [definition.vendor, definition.model].filter(Boolean).join(' ');
    return [{ lockId, name, model: model === '' ? null : model }];
  });
}

function takesCodes(each: unknown): boolean {
  const read = expose.safeParse(each);
  return read.success && read.data.property === 'pin_code' && read.data.features !== undefined;
}

const strings = z.array(z.string()).catch([]);
const options = z.looseObject({ filtered_cache: strings.optional() });

const info = z.looseObject({
  version: z.string().catch('unknown'),
  coordinator: z.looseObject({ ieee_address: z.string().min(1) }),
  config: z
    .looseObject({
      advanced: z
        .looseObject({ output: z.string().catch('json'), cache_state: z.boolean().catch(true) })
        .optional(),
      // Older versions knew it as true or an object.
      availability: z.unknown().optional(),
      device_options: options.optional().catch(undefined),
      devices: z.record(z.string(), options.catch({})).catch({}),
    })
    .partial()
    .catch({}),
});

/** From `bridge/info`; null if it is not that. */
export function parseInfo(text: string): BridgeInfo | null {
  const read = info.safeParse(json(text));
  if (!read.success) return null;
  const { version, coordinator, config } = read.data;
  const forAll = config.device_options?.filtered_cache ?? [];
  const filteredCache = new Map<string, readonly string[]>();
  for (const [lockId, own] of Object.entries(config.devices ?? {})) {
    filteredCache.set(lockId, own.filtered_cache ?? forAll);
  }
  const cachesNothing = config.advanced?.cache_state === false;
  const unrepeated = [...filteredCache].filter(([, left]) => cachesNothing || left.includes('users'));
  return {
    version,
    coordinator: coordinator.ieee_address,
    watchesLocks: watches(config.availability),
    publishesJson: config.advanced?.output !== 'attribute',
    unrepeated: new Set(unrepeated.map(([lockId]) => lockId)),
    filteredCache,
  };
}

function watches(availability: unknown): boolean {
  if (typeof availability !== 'object' || availability === null) return availability === true;
  return !('enabled' in availability) || availability.enabled === true;
}

/** `{"state":"online"}`, or the bare word of older versions; null if it is neither. */
export function parseOnline(text: string): boolean | null {
  const read = z.looseObject({ state: z.enum(['online', 'offline']) }).safeParse(json(text));
  const state = read.success ? read.data.state : text;
  return state === 'online' ? true : state === 'offline' ? false : null;
}

const user = z.looseObject({ status: z.string(), pin_code: z.unknown().optional() });

const lockMessage = z.looseObject({
  users: z.record(z.string(), user).optional().catch(undefined),
  state: z.enum(['LOCK', 'UNLOCK']).optional().catch(undefined),
  lock_state: z.string().optional().catch(undefined),
  battery: z.number().min(0).max(100).optional().catch(undefined),
  battery_low: z.boolean().optional().catch(undefined),
  tamper: z.boolean().optional().catch(undefined),
  action: z.string().optional().catch(undefined),
  action_user: z.number().int().min(0).max(0xfffe).optional().catch(undefined),
  action_source_name: z.string().optional().catch(undefined),
  last_seen: z.unknown().optional(),
});

/** What a lock's own topic says; null if it is nothing of a lock's. */
export function parseLockMessage(text: string): LockMessage | null {
  const read = lockMessage.safeParse(json(text));
  if (!read.success) return null;
  const { users, state, lock_state, battery, battery_low, tamper } = read.data;
  const { action, action_user, action_source_name, last_seen } = read.data;
  return {
    ...(users === undefined ? {} : { users: new Map(Object.entries(users).flatMap(readUser)) }),
    ...(state === undefined ? {} : { state }),
    ...(lock_state === undefined ? {} : { lockState: lock_state }),
    ...(battery === undefined ? {} : { battery: battery / 100 }),
    ...(battery_low === undefined ? {} : { batteryLow: battery_low }),
    ...(tamper === undefined ? {} : { tamper }),
    ...(action === undefined || action === '' ? {} : { action }),
    ...(action_user === undefined ? {} : { actionUser: action_user }),
    ...(action_source_name === undefined ? {} : { actionSource: action_source_name }),
    ...(typeof last_seen === 'string' && !Number.isNaN(Date.parse(last_seen))
      ? { lastSeen: new Date(last_seen).toISOString() }
      : {}),
  };
}

function readUser([key, { status, pin_code }]: [string, z.infer<typeof user>]): [
  number,
  { status: UserStatus; pin: string | null },
][] {
  if (!/^\d{1,5}$/.test(key)) return [];
  const known = status === 'enabled' || status === 'disabled' || status === 'available';
  // Some locks fill masked or empty codes with other characters.
  const pin = typeof pin_code === 'string' && /^\d{3,20}$/.test(pin_code) ? pin_code : null;
  return [[Number(key), { status: known ? status : 'unsupported', pin }]];
}

/** A message that can't be read is undefined, which no schema takes. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
