import type { KnownRevisions } from '@latchkey/event-sourcing';
import type { Clock, Random } from '@latchkey/platform';
import type { Streams } from '../streams';
import type { AgendaRows } from './agenda-rows';
import type { BackupPool } from './backup-pool';
import type { LeavingCodes } from './leaving-codes';
import type { LockWork } from './lock-work';

export interface DeviceWatchSettings {
  /** How often a lock is read back in any case, ms. */
  readonly readBackEvery: number;
  /** How soon a lock that could not be read is tried again, ms. */
  readonly retryLimit: number;
}

/** All locks are read back in this many turns, spread over the time between two read-backs. */
const TURNS = 48;

/** Compares what is on each lock with what is known of its codes, from time to time: reports may be lost. */
export class DeviceWatch {
  constructor(
    private readonly options: {
      readonly streams: Streams;
      readonly rows: AgendaRows;
      readonly known: KnownRevisions;
      readonly work: LockWork;
      readonly backups: BackupPool;
      readonly leavingCodes: Pick<LeavingCodes, 'seeSomeOff'>;
      readonly clock: Clock;
      readonly random: Random;
      readonly settings: DeviceWatchSettings;
    },
  ) {}

  /**
   * Reads one lock back and compares each of its codes with it; ends the codes of a device that was deleted. Returns
   * when to do so again.
   */
  readonly device = async (deviceId: string): Promise<number | null> => {
    const { streams, rows, known, work, backups, clock, random, settings } = this.options;
    const { state: device } = await streams.devices.load(
      deviceId,
      known.atLeast(streams.devices.streamOf(deviceId)),
    );
    if (device && device.deletedAt !== null)
      return (await this.options.leavingCodes.seeSomeOff(deviceId)) ? clock.now() : null;
    if (!device || device.removedAt !== null) return null;
    const { accountId } = device;
    const { state: account } = await streams.accounts.load(
      accountId,
      known.atLeast(streams.accounts.streamOf(accountId)),
    );
    if (!account?.connected || account.unreachableSince !== null) return null;
    // Backup codes that are asked for now are not on the lock yet.
    const codeIds = await rows.codesOf(deviceId);
    await backups.fill(device, codeIds);
    const told = await work.verifyAll(codeIds, device, 'unknown-codes');
    if (told === 'not-read') return clock.now() + settings.retryLimit;
    const { readBackEvery } = settings;
    const at = clock.now() + readBackEvery - random.int(Math.max(1, Math.round(readBackEvery / 10)));
    // Locks are read back many at a time: one by one would cost as many turns as there are locks.
    const turn = Math.max(1, Math.round(readBackEvery / TURNS));
    return Math.max(clock.now() + 1, at - (at % turn));
  };
}
