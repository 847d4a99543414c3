import { randomBytes } from 'node:crypto';
import type { Records } from '@latchkey/database';
import { HttpLockGateway, type LockMaker, readLockMakersFile } from '@latchkey/gateways';
import { type Clock, type Config, StartupError } from '@latchkey/platform';
import type { Started } from './started';

/** The way to the locks. */
export interface Locks {
  readonly gateway: HttpLockGateway;
  /** By name. */
  readonly makers: ReadonlyMap<string, LockMaker>;
  /** For each lock maker, the secret part of the address that its reports come to. */
  readonly reportTokens: ReadonlyMap<string, string>;
}

/**
 * The gateway to the lock makers of LOCK_MAKERS_FILE, and to the sandbox's own.
 * @throws {StartupError} when the file can't be read or is not one
 */
export async function openGateway(
  config: Config,
  parts: { readonly records: Records; readonly clock: Clock; readonly sandbox: LockMaker | undefined },
  started: Started,
): Promise<Locks> {
  const { records, clock, sandbox } = parts;
  const makers = new Map(await configuredMakers(config));
  if (sandbox) makers.set(sandbox.name, sandbox);
  const gateway = new HttpLockGateway({ makers, tokens: records.accountTokens, clock });
  started.add(() => gateway.close());
  const reportTokens = new Map<string, string>();
  for (const name of makers.keys()) reportTokens.set(name, await reportToken(records, name));
  return { gateway, makers, reportTokens };
}

async function configuredMakers({ lockMakersFile }: Config): Promise<ReadonlyMap<string, LockMaker>> {
  if (lockMakersFile === undefined) return new Map();
  return readLockMakersFile(lockMakersFile, process.env).catch((error: unknown) => {
    throw new StartupError(`LOCK_MAKERS_FILE: ${error instanceof Error ? error.message : String(error)}`);
  });
}

/** Drawn once. */
function reportToken(records: Records, maker: string): Promise<string> {
  return records.settings.setSecretIfAbsent(`report_token.${maker}`, randomBytes(24).toString('base64url'));
}
