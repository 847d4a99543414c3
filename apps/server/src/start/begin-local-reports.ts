import type { ReportIntake } from '@latchkey/access-codes';
import { isLocal } from '@latchkey/gateways';
import type { Core } from '../core/core';
import type { Parts } from './core';
import type { Locks } from './gateway';

/**
 * Begins to listen to the local systems of all accounts, and to take what they report. A process that only answers
 * the API hears of what it has asked for itself alone: the rest is a worker's.
 */
export async function beginLocalReports(
  { config, logger }: Pick<Parts, 'config' | 'logger'>,
  { gateway, makers, localReports }: Pick<Locks, 'gateway' | 'makers' | 'localReports'>,
  core: Pick<Core, 'rows'>,
  intake: Pick<ReportIntake, 'take'>,
): Promise<void> {
  const works = config.roles.includes('worker');
  localReports.begin((account, report) => {
    const isAnswer = report.kind === 'action-completed' && report.actionId !== null;
    return works || isAnswer ? intake.take(account, report) : Promise.resolve('taken' as const);
  });
  if (!works) return;
  for (const system of makers.values()) {
    if (!isLocal(system)) continue;
    for (const accountId of await core.rows.accountsAt(system.name)) {
      const opened = gateway.takeReports({ accountId, maker: system.name }, () => Promise.resolve(''));
      opened.catch((err: unknown) => logger.warn({ err, accountId }, 'a local system could not be opened'));
    }
  }
}
