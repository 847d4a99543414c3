import { join } from 'node:path';
import type { Stores } from '@latchkey/database';
import { spawnNode } from '@latchkey/embedded-eventstore';
import { type EventStore, EventStoreDb } from '@latchkey/event-sourcing';
import { markedEventStore } from './marked-event-store';
import { type Config, StartupError } from '@latchkey/platform';
import type { Started } from './started';

/**
 * The event store of EVENTSTORE_URL, or else the embedded one, as a process of its own. Only marked events are believed.
 * @throws {StartupError} when the embedded one does not start
 */
export async function openEventStore(
  config: Config,
  { records, vault }: Pick<Stores<unknown>, 'records' | 'vault'>,
  started: Started,
): Promise<EventStore> {
  const store = new EventStoreDb(config.eventstoreUrl ?? (await startEmbedded(config, started)));
  started.add(() => store.close());
  return markedEventStore(store, records, vault);
}

/** @returns its connection string */
async function startEmbedded(config: Config, started: Started): Promise<string> {
  const dataDir = join(config.dataDir, 'eventstore');
  const node = await spawnNode({ dataDir, port: config.eventstorePort, access: 'private' }).catch(
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      // The store does not know by which setting it was given its port.
      throw new StartupError(
        `The event store can't start: ${reason.replace(/^port (?=\d)/, 'EVENTSTORE_PORT ')}`,
      );
    },
  );
  started.addProcess('the event store', node);
  return node.connectionString;
}
