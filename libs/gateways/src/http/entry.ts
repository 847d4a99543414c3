import { z } from 'zod';
import { displayName, entryName, isNearby } from '../local';
import { type LockCapabilities } from '../lock-gateway';
import { type LockMaker } from './lock-maker';

const length = z.number().int().min(0);

const capabilities = z
  .strictObject({
    native_scheduling: z.boolean(),
    supported_code_lengths: z.array(z.number().int().min(4).max(20)).min(1),
    code_constraints: z.array(
      z.strictObject({
        constraint_type: z.string().min(1),
        min_length: length.optional(),
        max_length: length.optional(),
      }),
    ),
    max_active_codes: length.nullable(),
    one_time_codes: z.boolean(),
    time_step_minutes: z.number().int().min(1).max(1440),
    can_remotely_lock: z.boolean(),
    can_remotely_unlock: z.boolean(),
  })
  .partial();

/** An entry of the kind http: a lock maker's cloud. */
export const httpEntry = z
  .strictObject({
    kind: z.literal('http'),
    name: entryName,
    display_name: displayName,
    base_url: z.string().superRefine((value, context) => {
      const message = wrongBaseUrl(value);
      if (message !== null) context.addIssue({ code: 'custom', message });
    }),
    client_id: z.string().min(1),
    client_secret: z.string().min(1).optional(),
    client_secret_env: z.string().min(1).optional(),
    capabilities: capabilities.optional(),
  })
  .refine((one) => (one.client_secret === undefined) !== (one.client_secret_env === undefined), {
    message: 'needs one of client_secret and client_secret_env',
  });

/** @param clientSecret what the entry or its environment variable says */
export function lockMaker(entry: z.infer<typeof httpEntry>, clientSecret: string): LockMaker {
  return {
    kind: 'http',
    name: entry.name,
    displayName: entry.display_name ?? entry.name,
    baseUrl: entry.base_url.replace(/\/+$/, ''),
    clientId: entry.client_id,
    clientSecret,
    ...(entry.capabilities === undefined ? {} : { capabilities: configured(entry.capabilities) }),
  };
}

function configured(entry: z.infer<typeof capabilities>): Partial<LockCapabilities> {
  const constraints = entry.code_constraints?.map(({ constraint_type, min_length, max_length }) => ({
    constraintType: constraint_type,
    ...(min_length === undefined ? {} : { minLength: min_length }),
    ...(max_length === undefined ? {} : { maxLength: max_length }),
  }));
  const all = {
    nativeScheduling: entry.native_scheduling,
    supportedCodeLengths: entry.supported_code_lengths,
    codeConstraints: constraints,
    maxActiveCodes: entry.max_active_codes,
    timeStepMinutes: entry.time_step_minutes,
    oneTimeCodes: entry.one_time_codes,
    canRemotelyLock: entry.can_remotely_lock,
    canRemotelyUnlock: entry.can_remotely_unlock,
  };
  // What is left out must be absent, not undefined: it falls back to what is assumed of any lock.
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Why PINs and secrets should not be sent there, or null. */
function wrongBaseUrl(value: string): string | null {
  if (!URL.canParse(value)) return 'must be a URL';
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  if (username !== '' || password !== '' || search !== '' || hash !== '') {
    return 'must have no user, password, query or fragment';
  }
  if (protocol === 'https:' || (protocol === 'http:' && isNearby(hostname))) return null;
  return 'must begin with https:// (http:// only for a host on the local network)';
}
