import type { Records } from '@latchkey/database';
import { ReportAddresses } from '@latchkey/devices';
import { HttpLockGateway, type LockMaker, readLockMakersFile } from '@latchkey/gateways';
import { type Clock, type Config, type Random, StartupError } from '@latchkey/platform';
import type { Started } from './started';

/** The way to the locks. */
export interface Locks {
  readonly gateway: HttpLockGateway;
  /** By name. */
  readonly makers: ReadonlyMap<string, LockMaker>;
  readonly reportAddresses: ReportAddresses;
}

/**
 * The gateway to the lock makers of LOCK_MAKERS_FILE, and to the sandbox's own.
 * @throws {StartupError} when the file can't be read or is not one
 */
export async function openGateway(
  config: Config,
  parts: {
    readonly records: Records;
    readonly clock: Clock;
    readonly random: Random;
    readonly sandbox: LockMaker | undefined;
  },
  started: Started,
): Promise<Locks> {
  const { records, clock, random, sandbox } = parts;
  const makers = new Map(await configuredMakers(config));
  if (sandbox) makers.set(sandbox.name, sandbox);
  const gateway = new HttpLockGateway({ makers, tokens: records.accountTokens, clock });
  started.add(() => gateway.close());
  return { gateway, makers, reportAddresses: new ReportAddresses(records.settings, random) };
}

async function configuredMakers({ lockMakersFile }: Config): Promise<ReadonlyMap<string, LockMaker>> {
  if (lockMakersFile === undefined) return new Map();
  return readLockMakersFile(lockMakersFile, process.env).catch((error: unknown) => {
    throw new StartupError(`LOCK_MAKERS_FILE: ${error instanceof Error ? error.message : String(error)}`);
  });
}
