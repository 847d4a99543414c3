import type { Database } from '@latchkey/database';
import type { Tables } from '@latchkey/event-sourcing';
import { DAY, parseDuration } from '@latchkey/platform';
import { FinishedProjection } from '@latchkey/retention';
import { Command } from 'commander';
import { makeArchiveKeeper } from '../start/retention';
import { type Print, Refusal } from './command-line';
import { bringUpToDate, type Facts, withFacts } from './facts';

interface ArchiveOptions {
  readonly olderThan?: string;
  readonly dryRun?: boolean;
}

/** What is archived where neither the command nor ARCHIVE_AFTER says: what ended so long ago, ms. */
const OLDER_THAN = 90 * DAY;

/** Archives finished streams now. */
export function archiveCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  return new Command('archive')
    .description(
      'Moves the facts of codes and attempts that ended long ago into compressed files, where views and audit still read them. It may be used while the server runs.',
    )
    .option('--older-than <DURATION>', 'how long ago, like P90D; ARCHIVE_AFTER, or else P90D, when left out')
    .option('--dry-run', 'only says how much that would be')
    .action((options: ArchiveOptions) => withFacts(env, (facts) => archive(facts, options, print)));
}

async function archive(facts: Facts, { olderThan, dryRun }: ArchiveOptions, print: Print): Promise<void> {
  const { config, store, stores, now } = facts;
  const age = olderThan === undefined ? (config.archiveAfter ?? OLDER_THAN) : durationOf(olderThan);
  if (facts.isAlone) {
    const views = stores.views as Database<Tables>;
    await bringUpToDate(store, views, new FinishedProjection(), facts.clock);
  }
  const keeper = makeArchiveKeeper({ ...facts, clock: { now: () => now } });
  if (dryRun) {
    const { streams, facts: count } = await keeper.due(age);
    print(`${count} facts of ${streams} codes and attempts would be archived.`);
    return;
  }
  const archived = await keeper.archive(age, true);
  if (!archived) throw new Refusal('Another process is archiving: try again when it is done.');
  print(`${archived.facts} facts of ${archived.streams} codes and attempts were archived.`);
  if (config.eventstoreUrl !== undefined && archived.facts > 0)
    print('The event store reclaims their space with its next scavenge.');
}

function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new Refusal(`--older-than must be an ISO 8601 duration, like P90D, not ${text}.`);
  }
}
