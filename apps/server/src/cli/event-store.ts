import { join } from 'node:path';
import { ownerAddress, startNode, StartRefused } from '@latchkey/embedded-eventstore';
import { type Config, lockUnlessHeld } from '@latchkey/platform';
import { Refusal } from './command-line';

/** The event store of a data folder, as somebody with the server's account reaches it. */
export interface ReachedEventStore {
  readonly address: string;
  /** Whether it is the running server's; otherwise it was started for this, and nobody else has the folder. */
  readonly isRunning: boolean;
  readonly close: () => Promise<void>;
}

/** Where the embedded event store keeps its files. */
export const eventStoreFolder = (config: Pick<Config, 'dataDir'>) => join(config.dataDir, 'eventstore');

/**
 * The embedded event store of the data folder: the running server's, or one that is started for it. The server holds
 * its data folder for as long as it runs: a process that gets the folder is alone with the event store.
 * @throws {Refusal} when it can't be opened
 */
export async function reachEventStore(config: Config): Promise<ReachedEventStore> {
  const dataDir = eventStoreFolder(config);
  const lock = lockUnlessHeld(config.dataDir);
  if (!lock) return { address: addressOfRunning(dataDir), isRunning: true, close: () => Promise.resolve() };
  try {
    const node = await startNode({ dataDir, access: 'private' });
    const close = async () => {
      await node.close();
      lock.release();
    };
    return { address: node.connectionString, isRunning: false, close };
  } catch (error) {
    lock.release();
    if (error instanceof StartRefused) throw new Refusal(`The event store can't be opened: ${error.message}`);
    throw error;
  }
}

function addressOfRunning(dataDir: string): string {
  try {
    return ownerAddress(dataDir);
  } catch {
    throw new Refusal('The server is only just starting: try again in a moment.');
  }
}
