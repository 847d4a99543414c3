import { z } from 'zod';
import { invalidRequest } from '../errors';
import { constraintTypes, eventTypes } from '../model';

/** Reads a body; anything but the shape asked for is refused with the field's name, never with its value. */
export function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body === undefined ? {} : body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw invalidRequest(field === '' ? (issue?.message ?? 'Invalid body') : `${field}: ${issue?.message}`);
}

/** An ISO 8601 instant with its offset, read as ms. */
export const instant = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .refine((ms) => Number.isFinite(ms), 'Invalid instant');

const count = z.int().min(0).max(1_000_000);
const milliseconds = z.int().min(0).max(86_400_000);
const errorCode = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/);
// The database driver cuts texts at a NUL.
const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), 'A NUL character');
const name = text(255);
const pin = z.string().min(1).max(20);

export const newCode = z.strictObject({
  name: name.default(''),
  code: pin.optional(),
  starts_at: instant.nullish(),
  ends_at: instant.nullish(),
  one_time: z.boolean().optional(),
});

export const codeChange = z
  .strictObject({
    name: name.optional(),
    code: pin.optional(),
    starts_at: instant.nullish(),
    ends_at: instant.nullish(),
  })
  .refine((body) => Object.keys(body).length > 0, 'Nothing to change.');

export const lockAction = z.strictObject({
  action: z.enum(['lock', 'unlock']),
  custom_id: z.string().max(255).nullish(),
});

const webUrl = z
  .string()
  .max(2048)
  .refine((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    return url?.protocol === 'http:' || url?.protocol === 'https:';
  }, 'Not an http or https URL');

export const newWebhook = z.strictObject({
  url: webUrl,
  events: z.array(z.enum(eventTypes)).min(1).max(100),
});

export const faults = z.strictObject({
  offline: z.boolean().optional(),
  bridge_offline: z.boolean().optional(),
  latency_ms: milliseconds.optional(),
  refuse: errorCode.nullable().optional(),
  fail: errorCode.nullable().optional(),
  lose_answers: count.optional(),
  lose_webhooks: count.optional(),
  repeat_webhooks: count.optional(),
  delay_webhooks_ms: milliseconds.optional(),
  clock_drift_ms: z.int().min(-31_536_000_000).max(31_536_000_000).optional(),
  battery_level: z.int().min(0).max(100).optional(),
  ignore_schedule: z.boolean().optional(),
  flaky_one_in: count.optional(),
});

const timezone = z.string().refine((zone) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}, 'Unknown time zone');

export const newLock = z.strictObject({
  name: text(255).min(1),
  account: text(100).min(1).optional(),
  native_scheduling: z.boolean().optional(),
  supported_code_lengths: z.array(z.int().min(1).max(20)).min(1).max(20).optional(),
  code_constraints: z
    .array(
      z.strictObject({
        constraint_type: z.enum(constraintTypes),
        min_length: z.int().min(0).optional(),
        max_length: z.int().min(0).optional(),
        pin_codes: z.array(pin).max(10_000).optional(),
      }),
    )
    .max(20)
    .optional(),
  max_active_codes: z.int().min(0).max(100_000).optional(),
  time_step_minutes: z.int().min(1).max(1440).optional(),
  one_time_codes: z.boolean().optional(),
  name_characters: z.int().min(0).max(255).optional(),
  capital_names: z.boolean().optional(),
  can_remotely_lock: z.boolean().optional(),
  can_remotely_unlock: z.boolean().optional(),
  timezone: timezone.optional(),
  device_model: z.string().min(1).max(100).optional(),
  faults: faults.optional(),
});

export const newLocks = z.strictObject({ locks: z.array(newLock).max(10_000) });

export const keypadEntry = z.strictObject({ code: z.string().regex(/^\d{1,20}$/) });
export const manualAction = z.strictObject({ action: z.enum(['lock', 'unlock']) });
export const clockSetting = z.strictObject({ now: instant.optional(), running: z.boolean().optional() });
/** Whose account it is, among the client's tenants; without a name, the first account's. It may be several's. */
export const ownership = z.strictObject({
  account: z.string().trim().min(1).max(100).optional(),
  tenant: z.string().min(1).max(100),
});
export const authorizationRequest = z.strictObject({ account: z.string().trim().min(1).max(100).optional() });
