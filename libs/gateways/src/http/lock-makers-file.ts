import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { z } from 'zod';
import { type LockCapabilities } from '../lock-gateway';
import { type LockMaker } from './lock-maker';

/** Something is wrong with the lock makers' file. One line, for whoever starts the server. */
export class LockMakersFileError extends Error {
  override readonly name = 'LockMakersFileError';
}

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

const makerEntry = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be lower-case letters, digits, _ and -'),
    display_name: z.string().trim().min(1).max(100).optional(),
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

/**
 * Reads the lock makers from a JSON file: a list (bare, or under `lock_makers`) of { name, display_name,
 * base_url, client_id, client_secret or client_secret_env, capabilities }. `client_secret_env` names the
 * environment variable that holds the secret.
 * @throws {LockMakersFileError}
 */
export async function readLockMakersFile(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Map<string, LockMaker>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new LockMakersFileError(`The lock makers' file ${path} cannot be read (${code}).`);
  }
  return parseLockMakers(text, path, env);
}

/** @throws {LockMakersFileError} that names the place in the file and repeats no secret */
export function parseLockMakers(
  text: string,
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Map<string, LockMaker> {
  const fail = (reason: string): never => {
    throw new LockMakersFileError(`The lock makers' file ${path}: ${reason}.`);
  };
  const makers = new Map<string, LockMaker>();
  for (const [index, entry] of entries(text, fail).entries()) {
    const read = makerEntry.safeParse(entry);
    if (!read.success) {
      const { path: at, message } = read.error.issues[0] as z.core.$ZodIssue;
      return fail(`entry ${index + 1}${at.length === 0 ? '' : ` ${at.join('.')}`}: ${message}`);
    }
    const { name, client_secret_env: variable, client_secret: secret = env[variable ?? ''] } = read.data;
    if (makers.has(name)) return fail(`two lock makers are named ${name}`);
    if (secret === undefined || secret === '') return fail(`${name}: the environment has no ${variable}`);
    makers.set(name, lockMaker(read.data, secret));
  }
  return makers;
}

function entries(text: string, fail: (reason: string) => never): unknown[] {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's own message quotes the text, and with it perhaps a secret.
    return fail('is not JSON');
  }
  const list = Array.isArray(json) ? json : (json as { lock_makers?: unknown } | null)?.lock_makers;
  return Array.isArray(list) ? list : fail('must be a list of lock makers');
}

function lockMaker(entry: z.infer<typeof makerEntry>, clientSecret: string): LockMaker {
  return {
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

/** Loopback, private addresses, and names that only a local network (or a compose file) can resolve. */
function isNearby(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 4) return /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(host);
  if (isIP(host) === 6) return host === '::1' || /^f[cd]/i.test(host);
  return !host.includes('.') || /\.(local|localhost|internal|lan|home\.arpa)$/i.test(host);
}
