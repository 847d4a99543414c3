import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { StartupError } from '../errors/startup-error';

const SIZE = 32;

/**
 * The master key, 32 bytes: from the setting VAULT_KEY (base64), else from `dataDir`/vault.key, which is made at
 * the first start, readable by its owner alone.
 * @throws StartupError if the key has a wrong size, or the file can be read by others.
 */
export function loadMasterKey(options: { dataDir: string; vaultKey?: string }): Buffer {
  if (options.vaultKey !== undefined) return decodeMasterKey(options.vaultKey, 'VAULT_KEY');
  const path = join(options.dataDir, 'vault.key');
  return read(path) ?? make(path);
}

/**
 * Replaces the master key of a data folder. `commit` seals the vault's keys with the new one; if the process dies
 * before or after that, `settleMasterKey` finds out at the next start which of the two is valid.
 */
export async function replaceMasterKey(
  dataDir: string,
  commit: (next: Buffer) => Promise<void>,
): Promise<Buffer> {
  const path = join(dataDir, 'vault.key');
  const key = make(nextTo(path));
  await commit(key);
  putInPlace(path);
  return key;
}

/**
 * Finishes a replacement that a crash interrupted.
 * @param opens whether the vault's keys are sealed with that key
 * @returns the valid key, if a replacement was under way
 */
export async function settleMasterKey(
  dataDir: string,
  opens: (key: Buffer) => Promise<boolean>,
): Promise<Buffer | undefined> {
  const path = join(dataDir, 'vault.key');
  const next = read(nextTo(path));
  if (next && (await opens(next))) {
    putInPlace(path);
    return next;
  }
  if (next) rmSync(nextTo(path));
  wipe(oldOf(path));
  return undefined;
}

const nextTo = (path: string): string => `${path}.next`;
const oldOf = (path: string): string => `${path}.old`;

/** The old key is put aside by a second name, so that it can be overwritten when the new one is in its place. */
function putInPlace(path: string): void {
  rmSync(oldOf(path), { force: true });
  linkSync(path, oldOf(path));
  renameSync(nextTo(path), path);
  syncFolder(path);
  wipe(oldOf(path));
}

function wipe(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, 'r+');
  try {
    writeSync(file, Buffer.alloc(statSync(path).size));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  unlinkSync(path);
}

function read(path: string): Buffer | undefined {
  let text: string;
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new StartupError(
        `${path} can be read by others than its owner; run: chmod 600 ${path}, and consider its PINs known.`,
      );
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (error instanceof StartupError) throw error;
    throw new StartupError(`${path} can not be read: ${(error as Error).message}`, { cause: error });
  }
  return decodeMasterKey(text.trim(), path);
}

function make(path: string): Buffer {
  const key = randomBytes(SIZE);
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeSync(file, key.toString('base64') + '\n');
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    try {
      // A link appears whole or not at all, and never in the place of another key.
      linkSync(draft, path);
    } finally {
      unlinkSync(draft);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return read(path)!;
    throw new StartupError(`${path} can not be made: ${(error as Error).message}`, { cause: error });
  }
  syncFolder(path);
  return key;
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** @throws StartupError unless it is 32 bytes in base64; `where` says where it came from */
export function decodeMasterKey(text: string, where: string): Buffer {
  const key = Buffer.from(text, 'base64');
  const same = key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  if (!same || key.length !== SIZE) {
    throw new StartupError(
      `${where} must hold ${SIZE} bytes in base64 (openssl rand -base64 ${SIZE} makes one).`,
    );
  }
  return key;
}
