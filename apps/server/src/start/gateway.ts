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
import type { Started } from '../started';

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
 * The gateway to the lock systems of LOCK_MAKERS_FILE, or to the sandbox's own.
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
    throw new StartupError(error instanceof Error ? error.message : String(error));
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

/**
 * Those of LOCK_MAKERS_FILE; in a sandbox, whose time is moved, only simulated ones, of SANDBOX_LOCKS_FILE.
 * @param env where their passwords are
 * @throws {StartupError}
 */
export async function configuredSystems(
  config: Config,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ReadonlyMap<string, LockSystem>> {
  const { sandbox, lockMakersFile, sandboxLocksFile } = config;
  const [setting, file] = sandbox
    ? (['SANDBOX_LOCKS_FILE', sandboxLocksFile] as const)
    : (['LOCK_MAKERS_FILE', lockMakersFile] as const);
  if (file === undefined) return new Map();
  const fail = (reason: string): never => {
    throw new StartupError(`${setting}: ${reason}`);
  };
  const systems = await readLockSystemsFile(file, env).catch((error: unknown) =>
    fail(error instanceof Error ? error.message : String(error)),
  );
  for (const system of sandbox ? systems.values() : []) {
    if (!isSimulated(system))
      fail(`${system.name} must be on this machine, by its address: its locks are simulated.`);
  }
  return systems;
}

/** Matter has no address in the file: what is paired is chosen when it is. */
function isSimulated(system: LockSystem): boolean {
  if (isLockMaker(system)) return false;
  if (system.kind === 'matter') return true;
  const { address } = system.connection ?? {};
  return address !== undefined && ['127.0.0.1', '[::1]', 'localhost'].includes(new URL(address).hostname);
}
