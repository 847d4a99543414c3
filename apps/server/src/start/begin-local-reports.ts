import type { ReportIntake } from '@latchkey/access-codes';
import { type AccountRef, isLocal, type LockReport } from '@latchkey/gateways';
import { UUID } from '@latchkey/http';
import type { Core } from '../core/core';
import type { Parts } from './core';
import type { Locks } from './gateway';
import { markOf } from './process-mark';
import { SharedLease } from './shared-lease';
import type { Started } from '../started';

/** What happened at a door: told by every connection to the system, and to be written down once. */
const AT_DOOR: ReadonlySet<LockReport['kind']> = new Set([
  ...(['code-used', 'incorrect-attempt', 'tampered', 'jammed', 'action-completed'] as const),
]);

/** The outcome of what this process has asked for itself. */
const isAnswer = (report: LockReport): boolean =>
  report.kind === 'action-completed' && report.actionId !== null && UUID.test(report.actionId);

/**
 * Begins to listen to the local systems of all accounts, and to take what they report. A process that only answers
 * the API hears of what it has asked for itself alone: the rest is a worker's. Of several workers one writes down what
 * happens at doors; the others take over within seconds once it has died.
 */
export async function beginLocalReports(
  { config, logger, stores, ids }: Pick<Parts, 'config' | 'logger' | 'stores' | 'ids'>,
  locks: Pick<Locks, 'gateway' | 'makers' | 'localReports'>,
  core: Pick<Core, 'rows'>,
  intake: Pick<ReportIntake, 'take'>,
  started: Pick<Started, 'add'>,
): Promise<void> {
  const works = config.roles.includes('worker');
  // A data folder is one process's.
  const isShared = config.databaseUrl !== undefined;
  const { settings } = stores.records;
  const lease = new SharedLease({
    ...{ key: 'local_reports.listener', owner: ids.uuid(), process: markOf(process.pid) },
    ...{ settings, now: Date.now, logger },
  });
  const listens = (report: LockReport): boolean =>
    isAnswer(report) || (works && (!isShared || !AT_DOOR.has(report.kind) || lease.isHeld));
  locks.localReports.begin((account, report) =>
    listens(report) ? intake.take(account, report) : Promise.resolve('taken' as const),
  );
  if (!works) return;
  if (!isShared) return open(await accountsOf(locks, core), locks, logger);
  started.add(() => lease.stop());
  const known = new Set<string>();
  await lease.begin(async (isNew) => {
    const all = await accountsOf(locks, core);
    // Somebody may have connected them by way of another process.
    const others = all.filter(({ accountId }) => isNew || !known.has(accountId));
    for (const { accountId } of others) known.add(accountId);
    open(others, locks, logger);
    // Nobody may have listened for a while.
    if (isNew) for (const { accountId } of all) await core.rows.makeDue(`account:${accountId}`);
  });
  // Commands go by every worker's own connections.
  if (!lease.isHeld) open(await accountsOf(locks, core), locks, logger);
}

async function accountsOf(
  { makers }: Pick<Locks, 'makers'>,
  { rows }: Pick<Core, 'rows'>,
): Promise<AccountRef[]> {
  const accounts: AccountRef[] = [];
  for (const system of makers.values()) {
    if (!isLocal(system)) continue;
    for (const accountId of await rows.accountsAt(system.name))
      accounts.push({ accountId, maker: system.name });
  }
  return accounts;
}

/** Nobody waits for systems that are away. */
function open(
  accounts: readonly AccountRef[],
  { gateway }: Pick<Locks, 'gateway'>,
  logger: Parts['logger'],
): void {
  for (const account of accounts) {
    const { accountId } = account;
    const opened = gateway.takeReports(account, () => Promise.resolve(''));
    opened.catch((err: unknown) => logger.warn({ err, accountId }, 'a local system could not be opened'));
  }
}
