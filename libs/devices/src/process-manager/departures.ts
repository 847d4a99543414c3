import { type Cause, laterPosition, type Position, systemCause } from '@latchkey/event-sourcing';
import { deleteDevice, type DeviceWishes, updateDevice } from '../domain/device-decisions';
import type { DeviceStreams } from '../streams';
import type { KnownLocks } from './known-locks';

/** The codes on a device that goes. Each answers where the last of what it wrote stands. */
export interface CodesOnDevice {
  /** The device is no longer to be seen here: its codes are gone with it, and stay on the lock. */
  abandon(deviceId: string, cause: Cause): Promise<Position | undefined>;
  /** The device is no longer ours to manage: its codes are not ours any more. */
  letGo(deviceId: string, cause: Cause): Promise<Position | undefined>;
}

/**
 * Devices and accounts that go, with the codes on them. Each step may be repeated, and whoever comes after a crash
 * finishes what was begun: an account's removal is written down first, and the account watch sees the rest through.
 */
export class Departures {
  constructor(
    private readonly options: {
      readonly streams: DeviceStreams;
      readonly locks: Pick<KnownLocks, 'locksOf'>;
      readonly codes: CodesOnDevice;
      /** Erases what let us act for an account. */
      readonly forgetAccount: (accountId: string, maker: string) => Promise<void>;
    },
  ) {}

  /** Deletes a device and lets its codes go; they stay on the lock, which we touch no more. */
  async ofDevice(deviceId: string, cause: Cause): Promise<Position | undefined> {
    const { streams, codes } = this.options;
    const { state: known } = await streams.devices.load(deviceId);
    const account = known && (await streams.accounts.load(known.accountId)).state;
    const intake = account?.intakes ?? 0;
    const { position } = await streams.devices.transact(deviceId, cause, (device) =>
      deleteDevice(device, intake),
    );
    return (await codes.abandon(deviceId, cause)) ?? position;
  }

  /** Changes a device; one that is not to be managed any more lets its codes go. */
  async updateDevice(deviceId: string, wanted: DeviceWishes, cause: Cause): Promise<Position | undefined> {
    const { streams, codes } = this.options;
    const { position } = await streams.devices.transact(deviceId, cause, (device) =>
      updateDevice(device, wanted),
    );
    if (wanted.managed !== false) return position;
    return (await codes.letGo(deviceId, cause)) ?? position;
  }

  /** Deletes the devices of an account that was removed, and forgets its tokens. */
  async ofAccount(accountId: string, cause?: Cause): Promise<Position | undefined> {
    const { streams, locks, forgetAccount } = this.options;
    let latest: Position | undefined;
    const removed = async () => {
      const { state } = await streams.accounts.load(accountId);
      return state && state.removedAt !== null ? state : null;
    };
    const devices = await locks.locksOf(accountId);
    for (let from = 0; from < devices.length; from += AT_ONCE) {
      const account = await removed();
      // Connected again meanwhile.
      if (!account) return latest;
      const { workspaceId } = account;
      const by = cause ?? systemCause({ workspaceId, correlationId: accountId, causationId: 'watch' });
      const some = devices.slice(from, from + AT_ONCE);
      const positions = await Promise.all(some.map(({ device_id }) => this.ofDevice(device_id, by)));
      for (const position of positions) latest = laterPosition(latest, position);
    }
    const account = await removed();
    if (account) await forgetAccount(accountId, account.maker);
    return latest;
  }
}

/** So many of an account's devices are let go at a time. */
const AT_ONCE = 16;
