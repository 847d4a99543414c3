import { join } from 'node:path';
import { spawnNode } from '@latchkey/embedded-eventstore';
import { EventStoreDb } from '@latchkey/event-sourcing';
import { type Config, StartupError } from '@latchkey/platform';
import type { Started } from './started';

/**
 * The event store of EVENTSTORE_URL, or else the embedded one, as a process of its own.
 * @throws {StartupError} when the embedded one does not start
 */
export async function openEventStore(config: Config, started: Started): Promise<EventStoreDb> {
  const store = new EventStoreDb(config.eventstoreUrl ?? (await startEmbedded(config, started)));
  started.add(() => store.close());
  return store;
}

/** @returns its connection string */
async function startEmbedded(config: Config, started: Started): Promise<string> {
  const dataDir = join(config.dataDir, 'eventstore');
  const node = await spawnNode({ dataDir, port: config.eventstorePort }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    // The store does not know by which setting it was given its port.
    throw new StartupError(
      `The event store can't start: ${reason.replace(/^port (?=\d)/, 'EVENTSTORE_PORT ')}`,
    );
  });
  started.addProcess('the event store', node);
  return node.connectionString;
}
