import { constants, existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupRefused, meaningOf } from './backup-refused';

const FOR_OWNER = 0o600;

/**
 * Makes a folder whole or not at all: `work` fills another one, which gets its name at the end. When `work` fails,
 * nothing is left.
 * @throws {BackupRefused} where either is there already, or the file system refuses
 */
export async function wholeFolder<T>(path: string, work: (unfinished: string) => Promise<T>): Promise<T> {
  const unfinished = `${path}.partial`;
  if (existsSync(path)) throw new BackupRefused(`${path} is there already.`);
  if (existsSync(unfinished))
    throw new BackupRefused(`${unfinished} is left of one that was cut short: remove it first.`);
  try {
    await mkdir(unfinished, { mode: 0o700 });
  } catch (error) {
    throw meaningOf(error, unfinished);
  }
  try {
    const result = await work(unfinished);
    await synced(unfinished);
    await rename(unfinished, path);
    await synced(dirname(path));
    return result;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw meaningOf(error, path);
  }
}

/** Copies a file, for the owner alone, and has it on the disk when it resolves. */
export async function copied(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  await closed(to);
}

/** Makes a file its owner's alone, and has it on the disk when it resolves. */
export async function closed(file: string): Promise<void> {
  await chmod(file, FOR_OWNER);
  await synced(file);
}

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
