import { type Cause, laterPosition, type Position, systemCause } from '@latchkey/event-sourcing';
import { othersTurn } from '@latchkey/platform';
import { deleteDevice, type DeviceWishes, updateDevice } from '../domain/device-decisions';
import type { DeviceStreams } from '../streams';
import type { KnownLocks } from './known-locks';

/**
 * The codes on a device that is removed. Some of them are ended at once, and the position of the last event is
 * returned; the others follow from the device's event.
 */
export interface CodesOnDevice {
  /** The device was deleted: its codes are gone with it, and stay on the lock. */
  abandon(deviceId: string, cause: Cause): Promise<Position | undefined>;
  /** The device is no longer managed: its codes become unmanaged. */
  letGo(deviceId: string, cause: Cause): Promise<Position | undefined>;
  /** Resolves when none is left on a device that was deleted. */
  seeAllOff(deviceId: string): Promise<void>;
}

/**
 * Removes devices and accounts, with the codes on them. The request is recorded first, as one event; what the request
 * does not do itself follows from that, also after a crash: the account watch deletes the devices of an account, and
 * work on a deleted device ends its codes. Each step may be repeated.
 */
export class Departures {
  constructor(
    private readonly options: {
      readonly streams: DeviceStreams;
      readonly locks: Pick<KnownLocks, 'locksOf'>;
      readonly codes: CodesOnDevice;
      /** Erases the tokens of an account. */
      readonly forgetAccount: (accountId: string, maker: string) => Promise<void>;
    },
  ) {}

  /** Deletes a device and ends its codes; they stay on the lock, which is not touched again. */
  async ofDevice(deviceId: string, cause: Cause): Promise<Position | undefined> {
    const { streams, codes } = this.options;
    const { state: known } = await streams.devices.load(deviceId);
    const account = known && (await streams.accounts.load(known.accountId)).state;
    const intake = account?.intakes ?? 0;
    const { position } = await streams.devices.transact(deviceId, cause, (device) =>
      deleteDevice(device, intake),
    );
    return laterPosition(position, await codes.abandon(deviceId, cause));
  }

  /** Changes a device; one that is no longer managed makes its codes unmanaged. */
  async updateDevice(deviceId: string, wanted: DeviceWishes, cause: Cause): Promise<Position | undefined> {
    const { streams, codes } = this.options;
    const { position } = await streams.devices.transact(deviceId, cause, (device) =>
      updateDevice(device, wanted),
    );
    if (wanted.managed !== false) return position;
    return laterPosition(position, await codes.letGo(deviceId, cause));
  }

  /** Resolves when nothing is left of a deleted device, so that its lock may be added again. */
  finishDevice(deviceId: string): Promise<void> {
    return this.options.codes.seeAllOff(deviceId);
  }

  /**
   * Deletes the devices of an account that was removed, and forgets its tokens.
   * @param most how many devices at most: the rest is left to the account watch
   */
  async ofAccount(accountId: string, cause?: Cause, most = Infinity): Promise<Position | undefined> {
    const { streams, locks, forgetAccount } = this.options;
    let latest: Position | undefined;
    const removed = async () => {
      const { state } = await streams.accounts.load(accountId);
      return state && state.removedAt !== null ? state : null;
    };
    const devices = [...(await locks.locksOf(accountId)).values()];
    for (let from = 0; from < devices.length; from += AT_ONCE) {
      if (from >= most) return latest;
      const account = await removed();
      // Connected again meanwhile.
      if (!account) return latest;
      const { workspaceId } = account;
      const by = cause ?? systemCause({ workspaceId, correlationId: accountId, causationId: 'watch' });
      const some = devices.slice(from, from + AT_ONCE);
      const positions = await Promise.all(some.map(({ device_id }) => this.ofDevice(device_id, by)));
      for (const position of positions) latest = laterPosition(latest, position);
      await othersTurn();
    }
    const account = await removed();
    if (account) await forgetAccount(accountId, account.maker);
    return latest;
  }
}

/** How many of an account's devices are deleted at a time. */
const AT_ONCE = 16;
