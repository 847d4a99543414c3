import { join } from 'node:path';
import type { Records } from '@latchkey/database';
import { LocalConnections, ReportAddresses } from '@latchkey/devices';
import {
  HttpLockGateway,
  isLockMaker,
  type LockMaker,
  type LockSystem,
  openLocalAdapters,
  readLockSystemsFile,
  RoutedLockGateway,
} from '@latchkey/gateways';
import { type Clock, type Config, type Logger, type Random, StartupError } from '@latchkey/platform';
import { LocalReports } from './local-reports';
import type { Started } from './started';

/** The way to the locks. */
export interface Locks {
  readonly gateway: RoutedLockGateway;
  /** By name. */
  readonly makers: ReadonlyMap<string, LockSystem>;
  readonly reportAddresses: ReportAddresses;
  readonly connections: LocalConnections;
  /** What locks of local systems report. */
  readonly localReports: LocalReports;
}

/**
 * The gateway to the lock systems of LOCK_MAKERS_FILE, and to the sandbox's own.
 * @throws {StartupError} when the file can't be read or is not one, or a package that a system needs is missing
 */
export async function openGateway(
  config: Config,
  parts: {
    readonly records: Records;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
    readonly sandbox: LockMaker | undefined;
  },
  started: Started,
): Promise<Locks> {
  const { records, clock, random, logger, sandbox } = parts;
  const makers = new Map(await configuredSystems(config));
  if (sandbox) makers.set(sandbox.name, sandbox);
  const connections = new LocalConnections(records.settings);
  const localReports = new LocalReports(logger);
  const local = await openLocalAdapters(
    makers,
    { connections, clock, logger, onReport: (account, report) => localReports.add(account, report) },
    (kind) => join(config.dataDir, kind),
  ).catch((error: unknown) => {
    throw new StartupError(`LOCK_MAKERS_FILE: ${error instanceof Error ? error.message : String(error)}`);
  });
  const http = new HttpLockGateway({
    makers: new Map([...makers].flatMap(([name, one]) => (isLockMaker(one) ? [[name, one]] : []))),
    tokens: records.accountTokens,
    clock,
  });
  const gateway = new RoutedLockGateway({ systems: makers, http, local });
  started.add(async () => {
    localReports.stop();
    await gateway.close();
  });
  const reportAddresses = new ReportAddresses(records.settings, random);
  return { gateway, makers, reportAddresses, connections, localReports };
}

async function configuredSystems({ lockMakersFile }: Config): Promise<ReadonlyMap<string, LockSystem>> {
  if (lockMakersFile === undefined) return new Map();
  return readLockSystemsFile(lockMakersFile, process.env).catch((error: unknown) => {
    throw new StartupError(`LOCK_MAKERS_FILE: ${error instanceof Error ? error.message : String(error)}`);
  });
}
