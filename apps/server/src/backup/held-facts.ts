import { holdFile, ownerAddress, startNode, StartRefused } from '@latchkey/embedded-eventstore';
import { type Config, lockUnlessHeld } from '@latchkey/platform';
import { join } from 'node:path';
import { BackupRefused } from './backup-refused';

/** The facts of a data folder, standing still. */
export interface HeldFacts {
  /** @throws {BackupRefused} where they may have moved before */
  release(): Promise<void>;
  /** Lets them go, whatever was copied of them. */
  abandon(): void;
}

/**
 * Has the event store's file stand still: by the running server's, which takes appends on meanwhile, or, where none
 * runs, by keeping one from starting.
 * @throws {BackupRefused} where that can't be
 */
export async function holdFacts({ dataDir }: Pick<Config, 'dataDir'>): Promise<HeldFacts> {
  const folder = join(dataDir, 'eventstore');
  const lock = lockUnlessHeld(dataDir);
  if (!lock) return heldByRunning(folder);
  try {
    // Moves everything into the one file, and finds damage.
    await (await startNode({ dataDir: folder, access: 'private' })).close();
  } catch (error) {
    lock.release();
    if (!(error instanceof StartRefused)) throw error;
    throw new BackupRefused(`The event store can't be opened: ${error.message}`);
  }
  const release = (): void => lock.release();
  return { release: () => Promise.resolve(release()), abandon: release };
}

async function heldByRunning(folder: string): Promise<HeldFacts> {
  let address: string;
  try {
    address = ownerAddress(folder);
  } catch {
    throw new BackupRefused('The server is only just starting: try again in a moment.');
  }
  const refused = (error: unknown): never => {
    throw new BackupRefused(`The running server does not keep its facts still: ${(error as Error).message}`);
  };
  const held = await holdFile(address).catch(refused);
  return { release: () => held.release().catch(refused), abandon: () => held.abandon() };
}
