import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { httpEntry, lockMaker } from '../http/entry';
import { matterEntry, matterSystem } from '../matter/entry';
import { zigbee2mqttEntry, zigbee2mqttSystem } from '../zigbee2mqtt/entry';
import { zwaveJsEntry, zwaveJsSystem } from '../zwave-js/entry';
import { KINDS, type LockSystem } from './lock-system';

/** Something is wrong with the file of lock systems. One line, for the operator. */
export class LockSystemsFileError extends Error {
  override readonly name = 'LockSystemsFileError';
}

type Env = Readonly<Record<string, string | undefined>>;

const entry = z.discriminatedUnion('kind', [httpEntry, zwaveJsEntry, zigbee2mqttEntry, matterEntry], {
  error: (issue) =>
    issue.code === 'invalid_union'
      ? `must be ${KINDS.slice(0, -1).join(', ')} or ${KINDS.at(-1)}`
      : undefined,
});

type Entry = z.infer<typeof entry>;

/**
 * Reads the lock systems from a JSON file: a list (bare, or under `lock_systems` or `lock_makers`) of entries, each
 * with its `kind`; one without is of the kind http. What ends in `_env` names an environment variable that holds a
 * secret.
 * @throws {LockSystemsFileError}
 */
export async function readLockSystemsFile(path: string, env: Env): Promise<Map<string, LockSystem>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new LockSystemsFileError(`The file of lock systems ${path} cannot be read (${code}).`);
  }
  return parseLockSystems(text, path, env);
}

/** @throws {LockSystemsFileError} that names the place in the file and repeats no secret */
export function parseLockSystems(text: string, path: string, env: Env): Map<string, LockSystem> {
  const fail = (reason: string): never => {
    throw new LockSystemsFileError(`The file of lock systems ${path}: ${reason}.`);
  };
  const systems = new Map<string, LockSystem>();
  for (const [index, given] of entries(text, fail).entries()) {
    const read = entry.safeParse(withKind(given));
    if (!read.success) {
      const { path: at, message } = read.error.issues[0] as z.core.$ZodIssue;
      return fail(`entry ${index + 1}${at.length === 0 ? '' : ` ${at.join('.')}`}: ${message}`);
    }
    const { name } = read.data;
    if (systems.has(name)) return fail(`two lock systems are named ${name}`);
    systems.set(
      name,
      systemOf(read.data, env, (reason) => fail(`${name}: ${reason}`)),
    );
  }
  return systems;
}

function withKind(given: unknown): unknown {
  return typeof given === 'object' && given !== null ? { kind: 'http', ...given } : given;
}

function systemOf(read: Entry, env: Env, fail: (reason: string) => never): LockSystem {
  const fromEnv = (variable: string | undefined): string | undefined =>
    variable === undefined ? undefined : env[variable] || fail(`the environment has no ${variable}`);
  switch (read.kind) {
    case 'http':
      return lockMaker(read, read.client_secret ?? fromEnv(read.client_secret_env)!);
    case 'zwave-js':
      return zwaveJsSystem(read, read.password ?? fromEnv(read.password_env));
    case 'zigbee2mqtt':
      return zigbee2mqttSystem(read, read.password ?? fromEnv(read.password_env));
    case 'matter':
      return matterSystem(read);
  }
}

function entries(text: string, fail: (reason: string) => never): unknown[] {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's own message quotes the text, and with it perhaps a secret.
    return fail('is not JSON');
  }
  const named = json as { lock_systems?: unknown; lock_makers?: unknown } | null;
  const list = Array.isArray(json) ? json : (named?.lock_systems ?? named?.lock_makers);
  return Array.isArray(list) ? list : fail('must be a list of lock systems');
}
