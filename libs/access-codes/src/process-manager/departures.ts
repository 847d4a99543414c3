import { deleteDevice, type DeviceWishes, updateDevice } from '@latchkey/devices';
import type { Cause, Position } from '@latchkey/event-sourcing';
import type { Clock } from '@latchkey/platform';
import { forsake, handOver } from '../domain/leaving';
import type { AgendaRows } from './agenda-rows';
import type { Streams } from './streams';

/**
 * Devices and accounts that go, with the codes on them. Each step may be repeated, and whoever comes after a crash
 * finishes what was begun: an account's removal is written down first, and the account watch sees the rest through.
 */
export class Departures {
  constructor(
    private readonly options: {
      readonly streams: Streams;
      readonly rows: Pick<AgendaRows, 'locksOf' | 'codesOf'>;
      readonly clock: Clock;
      /** Erases what let us act for an account. */
      readonly forgetAccount: (accountId: string, maker: string) => Promise<void>;
    },
  ) {}

  /** Deletes a device and lets its codes go; they stay on the lock, which we touch no more. */
  async ofDevice(deviceId: string, cause: Cause): Promise<Position | undefined> {
    const { position } = await this.options.streams.devices.transact(deviceId, cause, deleteDevice);
    return (await this.eachCode(deviceId, cause, forsake)) ?? position;
  }

  /** Changes a device; one that is not to be managed any more lets its codes go. */
  async updateDevice(deviceId: string, wanted: DeviceWishes, cause: Cause): Promise<Position | undefined> {
    const { streams } = this.options;
    const { position } = await streams.devices.transact(deviceId, cause, (device) =>
      updateDevice(device, wanted),
    );
    if (wanted.managed !== false) return position;
    return (await this.eachCode(deviceId, cause, handOver)) ?? position;
  }

  /** Deletes the devices of an account that was removed, and forgets its tokens. */
  async ofAccount(accountId: string, cause?: Cause): Promise<Position | undefined> {
    const { streams, rows, forgetAccount } = this.options;
    let latest: Position | undefined;
    const removed = async () => {
      const { state } = await streams.accounts.load(accountId);
      return state && state.removedAt !== null ? state : null;
    };
    for (const { device_id } of await rows.locksOf(accountId)) {
      const account = await removed();
      // Connected again meanwhile.
      if (!account) return latest;
      const { workspaceId } = account;
      const system = { type: 'system' } as const;
      const by = cause ?? { correlationId: accountId, causationId: 'watch', actor: system, workspaceId };
      latest = (await this.ofDevice(device_id, by)) ?? latest;
    }
    const account = await removed();
    if (account) await forgetAccount(accountId, account.maker);
    return latest;
  }

  private async eachCode(
    deviceId: string,
    cause: Cause,
    decide: typeof forsake,
  ): Promise<Position | undefined> {
    const { streams, rows } = this.options;
    let latest: Position | undefined;
    for (const codeId of await rows.codesOf(deviceId)) {
      const { position } = await streams.codes.transact(codeId, cause, decide);
      latest = position ?? latest;
    }
    return latest;
  }
}
