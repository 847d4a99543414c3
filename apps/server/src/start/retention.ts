import type { Stores } from '@latchkey/database';
import { scavengeAsOwner } from '@latchkey/embedded-eventstore';
import { Archiving } from '@latchkey/event-sourcing';
import { type Clock, type Config, type Ids, lockUnlessHeld, type Logger } from '@latchkey/platform';
import { ArchiveKeeper, type FinishedTables } from '@latchkey/retention';
import { keepsExpired } from './expired-codes';
import { archiveFolder, type FactsStore } from '../stores/facts-store';
import type { Started } from '../started';

/** What archiving is made of, in the server and on the command line. */
export interface RetentionParts extends FactsStore {
  readonly config: Config;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly stores: Stores<any>;
  readonly clock: Pick<Clock, 'now'>;
  readonly ids: Ids;
  readonly logger: Logger;
  /** Of the event store. */
  readonly address: string;
}

/** What moves facts into the archive. The embedded event store reclaims their space; on another its operator does. */
export function makeArchiving({ archive, hot, clock, ids, address, config }: RetentionParts): Archiving {
  const reclaim = config.eventstoreUrl === undefined ? () => scavengeAsOwner(address) : undefined;
  return new Archiving({ archive, store: hot, clock, ids, reclaim });
}

/** Makes this process the only one that changes the archive; undefined while another one does. */
export function lockArchive(config: Config): { release(): void } | undefined {
  return lockUnlessHeld(archiveFolder(config));
}

export function makeArchiveKeeper(parts: RetentionParts): ArchiveKeeper {
  const { config, stores, store, clock, logger } = parts;
  return new ArchiveKeeper({
    ...{ store, clock, logger, archiving: makeArchiving(parts) },
    database: stores.views as Stores<FinishedTables>['views'],
    keepsExpired: keepsExpired(stores, config),
    lock: () => lockArchive(config),
  });
}

/** What archives finished streams now and then, as ARCHIVE_AFTER says, and ends what a crash left undone. */
export function archiving(parts: RetentionParts, started: Started): { work(): Promise<void> } {
  const keeper = makeArchiveKeeper(parts);
  started.add(() => keeper.stop());
  return { work: () => Promise.resolve(keeper.work(parts.config.archiveAfter)) };
}
