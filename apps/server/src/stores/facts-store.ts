import { join } from 'node:path';
import { ACCESS_CODE } from '@latchkey/access-codes';
import type { Stores } from '@latchkey/database';
import { ACTION_ATTEMPT } from '@latchkey/devices';
import {
  Archive,
  ArchivedEventStore,
  ArchiveFolder,
  type EventStore,
  type MarkedEventStore,
} from '@latchkey/event-sourcing';
import type { Config } from '@latchkey/platform';
import { PUBLIC_EVENTS } from '@latchkey/public-events';
import { markedEventStore } from './marked-event-store';

/** The facts, in the event store and in its archive. */
export interface FactsStore {
  /** All of them. */
  readonly store: EventStore;
  /** Those that are not archived. */
  readonly hot: MarkedEventStore;
  readonly archive: Archive;
}

const ARCHIVED = [ACCESS_CODE, ACTION_ATTEMPT, PUBLIC_EVENTS].map((category) => `${category}-`);

export const archiveFolder = ({ archiveDir, dataDir }: Pick<Config, 'archiveDir' | 'dataDir'>): string =>
  archiveDir ?? join(dataDir, 'archive');

/**
 * The event store, in which only our own events count, with archived events in their places.
 * @param bare as its client shows it
 * @throws {StoreDamaged} that names an archive file which is missing or damaged
 */
export async function factsStore(
  bare: EventStore,
  config: Pick<Config, 'archiveDir' | 'dataDir'>,
  { records, vault }: Pick<Stores<unknown>, 'records' | 'vault'>,
): Promise<FactsStore> {
  const hot = await markedEventStore(bare, records, vault);
  const archive = await Archive.open(new ArchiveFolder(archiveFolder(config)), hot);
  const mayBeArchived = (stream: string) => ARCHIVED.some((prefix) => stream.startsWith(prefix));
  return { store: hot.over(new ArchivedEventStore(bare, archive, mayBeArchived)), hot, archive };
}
