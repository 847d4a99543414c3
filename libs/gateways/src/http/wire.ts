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
 * that we do not know are let through, and those that only describe fall back to "not told". What a decision
 * rests on must be there, or the answer as a whole is not understood.
 */

/** Ids become segments of paths, and dots alone would climb there. */
const id = z
  .union([z.string().min(1).max(255), z.number().int()])
  .transform(String)
  .refine((text) => text !== '.' && text !== '..');

const instant = z
  .string()
  .transform((text) => Date.parse(text))
  .refine((ms) => !Number.isNaN(ms));

const count = z.number().int().nonnegative();
const text = z.string().min(1);

const constraint = z.looseObject({
  constraint_type: text,
  min_length: count.nullish().catch(null),
  max_length: count.nullish().catch(null),
});

const capabilities = z.looseObject({
  native_scheduling: z.boolean().nullish(),
  supported_code_lengths: z.array(z.number().int().min(1).max(20)).min(1).nullish(),
  code_constraints: z.array(constraint).nullish(),
  max_active_codes: count.nullish(),
  can_remotely_lock: z.boolean().nullish(),
  can_remotely_unlock: z.boolean().nullish(),
});

const lock = z
  .looseObject({
    lock_id: id.nullish(),
    device_id: id.nullish(),
    name: text.nullish().catch(null),
    device_model: text.nullish().catch(null),
    // Where the maker does not tell, an attempt will.
    online: z.boolean().nullish(),
    battery_level: z.number().min(0).max(100).nullish().catch(null),
    timezone: text.nullish().catch(null),
    device_time: instant.nullish().catch(null),
    updated_at: text.nullish().catch(null),
    capabilities: capabilities.nullish(),
  })
  .refine(({ lock_id, device_id }) => (lock_id ?? device_id) != null, { path: ['lock_id'] });

export const locksAnswer = z.looseObject({ locks: z.array(lock) });

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
  const told = wire.capabilities;
  return {
    lockId,
    name: wire.name ?? lockId,
    model: wire.device_model ?? null,
    online: wire.online ?? true,
    batteryLevel: wire.battery_level == null ? null : wire.battery_level / 100,
    timeZone: wire.timezone ?? null,
    clockDrift: wire.device_time == null ? null : wire.device_time - now,
    updatedAt: wire.updated_at ?? null,
    capabilities: {
      nativeScheduling: told?.native_scheduling ?? silent.nativeScheduling,
      supportedCodeLengths: told?.supported_code_lengths ?? silent.supportedCodeLengths,
      codeConstraints: told?.code_constraints?.map(readConstraint) ?? silent.codeConstraints,
      maxActiveCodes: told?.max_active_codes ?? silent.maxActiveCodes,
      canRemotelyLock: told?.can_remotely_lock ?? silent.canRemotelyLock,
      canRemotelyUnlock: told?.can_remotely_unlock ?? silent.canRemotelyUnlock,
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

const iso = (ms: number): string => new Date(ms).toISOString();

/** The body that asks for a new code. Locks that cannot schedule know no starts_at, not even an empty one. */
export function newCodeBody({ name, pin, window }: LockCode): object {
  const limits = window && { starts_at: iso(window.startsAt), ends_at: iso(window.endsAt) };
  return { name: name ?? '', code: pin, ...limits };
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
