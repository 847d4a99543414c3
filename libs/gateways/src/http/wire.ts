import { iso } from '@latchkey/platform';
import { z } from 'zod';
import {
  type CodeConstraint,
  type ListedCode,
  type LockCapabilities,
  type LockCode,
  type LockDescription,
} from '../lock-gateway';

/*
 * The lock makers' API as it is on the wire (reference: Seam's guide for lock makers). Read leniently: fields
 * that we do not know are let through, and those that only describe fall back to "not told". Ids, and what a
 * code is, must be there, or the answer as a whole is not understood: a gap would pass for a removal.
 */

/** Ids become segments of paths, and dots alone would climb there. */
const id = z
  .union([z.string().min(1).max(255), z.number().int()])
  .transform(String)
  .refine((text) => text !== '.' && text !== '..');

/** Without an offset it is UTC, not the time of wherever this server stands. */
const instantOf = (text: string): number => Date.parse(/T[\d:.]+$/.test(text) ? `${text}Z` : text);

/** An ISO 8601 instant in ms. */
export const instant = z
  .string()
  .transform(instantOf)
  .refine((ms) => !Number.isNaN(ms));

const count = z.number().int().nonnegative();
const text = z.string().min(1);

/** Not told, or told in a way that cannot be read: the one must not cost the others of the account their news. */
const told = <T>(schema: z.ZodType<T>) => schema.nullish().catch(null);

const constraint = z.looseObject({
  constraint_type: text,
  min_length: told(count),
  max_length: told(count),
});

const capabilities = z.looseObject({
  native_scheduling: told(z.boolean()),
  supported_code_lengths: told(z.array(z.number().int().min(1).max(20)).min(1)),
  code_constraints: told(z.array(constraint)),
  max_active_codes: told(count),
  time_step_minutes: told(z.number().int().min(1).max(1440)),
  one_time_codes: told(z.boolean()),
  can_remotely_lock: told(z.boolean()),
  can_remotely_unlock: told(z.boolean()),
});

export const lock = z
  .looseObject({
    lock_id: id.nullish(),
    device_id: id.nullish(),
    name: told(text),
    device_model: told(text),
    online: told(z.boolean()),
    bridge_online: told(z.boolean()),
    battery_level: told(z.number().min(0).max(100)),
    timezone: told(text),
    device_time: told(instant),
    updated_at: told(text),
    capabilities: told(capabilities),
  })
  .refine(({ lock_id, device_id }) => (lock_id ?? device_id) != null, { path: ['lock_id'] });

export const locksAnswer = z.looseObject({ locks: z.array(lock) });

/** The one thing that a maker tells of a lock which is another each time. */
export const DEVICE_TIME = 'device_time';

/** The time by a lock's clock, ms; null where it is not told. Read as by its schema. */
export function deviceTimeOf(wire: { readonly [DEVICE_TIME]?: unknown }): number | null {
  const told = wire[DEVICE_TIME];
  const ms = typeof told === 'string' ? instantOf(told) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

const listedCode = z.looseObject({
  access_code_id: id,
  name: z.string().nullish(),
  code: text,
  status: z.string().nullish(),
  starts_at: instant.nullish(),
  ends_at: instant.nullish(),
});

export const codesAnswer = z.looseObject({ access_codes: z.array(listedCode) });

export const createdAnswer = z.looseObject({ access_code_id: id });
/** To a change or a removal: nothing at all, or an object that may name the code again. */
export const changedAnswer = z.looseObject({ access_code_id: id.nullish() }).optional();
export const actionAnswer = z.looseObject({ action_id: id.nullish(), custom_id: id.nullish() });

/** What is assumed of a lock of which neither the API nor the configuration tells anything. */
const assumed: LockCapabilities = {
  nativeScheduling: false,
  supportedCodeLengths: [4, 5, 6, 7, 8],
  codeConstraints: [],
  maxActiveCodes: null,
  canRemotelyLock: true,
  canRemotelyUnlock: true,
};

/** `now`: our clock when the answer came, ms; the lock's clock is measured against it. */
export function describeLock(
  wire: z.infer<typeof lock>,
  configured: Partial<LockCapabilities>,
  now: number,
): LockDescription {
  const lockId = (wire.lock_id ?? wire.device_id) as string;
  const silent = { ...assumed, ...configured };
  const own = wire.capabilities;
  const oneTimeCodes = own?.one_time_codes ?? silent.oneTimeCodes;
  const timeStepMinutes = own?.time_step_minutes ?? silent.timeStepMinutes;
  return {
    lockId,
    name: wire.name ?? lockId,
    model: wire.device_model ?? null,
    // Where the maker does not tell, an attempt will.
    online: wire.online ?? true,
    ...(wire.bridge_online == null ? {} : { hubOnline: wire.bridge_online }),
    batteryLevel: wire.battery_level == null ? null : wire.battery_level / 100,
    timeZone: wire.timezone ?? null,
    clockDrift: wire.device_time == null ? null : wire.device_time - now,
    updatedAt: wire.updated_at ?? null,
    capabilities: {
      nativeScheduling: own?.native_scheduling ?? silent.nativeScheduling,
      supportedCodeLengths: own?.supported_code_lengths ?? silent.supportedCodeLengths,
      codeConstraints: own?.code_constraints?.map(readConstraint) ?? silent.codeConstraints,
      maxActiveCodes: own?.max_active_codes ?? silent.maxActiveCodes,
      ...(timeStepMinutes === undefined ? {} : { timeStepMinutes }),
      ...(oneTimeCodes === undefined ? {} : { oneTimeCodes }),
      canRemotelyLock: own?.can_remotely_lock ?? silent.canRemotelyLock,
      canRemotelyUnlock: own?.can_remotely_unlock ?? silent.canRemotelyUnlock,
    },
  };
}

function readConstraint(wire: z.infer<typeof constraint>): CodeConstraint {
  return {
    constraintType: wire.constraint_type,
    ...(wire.min_length == null ? {} : { minLength: wire.min_length }),
    ...(wire.max_length == null ? {} : { maxLength: wire.max_length }),
  };
}

/** The first and the last instant that a Date can hold stand for a side on which a code has no limit. */
const always = { startsAt: -8.64e15, endsAt: 8.64e15 };

export function readCode(wire: z.infer<typeof listedCode>): ListedCode {
  const { starts_at: startsAt, ends_at: endsAt } = wire;
  const open = startsAt == null && endsAt == null;
  return {
    lockCodeId: wire.access_code_id,
    name: wire.name === '' ? null : (wire.name ?? null),
    pin: wire.code,
    window: open ? null : { startsAt: startsAt ?? always.startsAt, endsAt: endsAt ?? always.endsAt },
    // A word that we do not know is no confirmation by the lock.
    status: wire.status === 'active' ? 'active' : 'pending',
  };
}

/** The body that asks for a new code. Locks that cannot schedule know no starts_at, not even an empty one. */
export function newCodeBody({ name, pin, window, oneTime }: LockCode): object {
  const limits = window && { starts_at: iso(window.startsAt), ends_at: iso(window.endsAt) };
  return { name: name ?? '', code: pin, ...limits, ...(oneTime ? { one_time: true } : {}) };
}

/** The body that makes a code exactly this, whatever it was. */
export function changedCodeBody({ name, pin, window }: LockCode): object {
  return {
    name: name ?? '',
    code: pin,
    starts_at: window && iso(window.startsAt),
    ends_at: window && iso(window.endsAt),
  };
}
