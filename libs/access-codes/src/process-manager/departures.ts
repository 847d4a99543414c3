import { deleteDevice, type DeviceWishes, updateDevice } from '@latchkey/devices';
import { type Cause, comparePositions, type Position } from '@latchkey/event-sourcing';
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
    const { streams } = this.options;
    const { state: known } = await streams.devices.load(deviceId);
    const account = known && (await streams.accounts.load(known.accountId)).state;
    const intake = account?.intakes ?? 0;
    const { position } = await streams.devices.transact(deviceId, cause, (device) =>
      deleteDevice(device, intake),
    );
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
    const devices = await rows.locksOf(accountId);
    for (let from = 0; from < devices.length; from += AT_ONCE) {
      const account = await removed();
      // Connected again meanwhile.
      if (!account) return latest;
      const { workspaceId } = account;
      const system = { type: 'system' } as const;
      const by = cause ?? { correlationId: accountId, causationId: 'watch', actor: system, workspaceId };
      const some = devices.slice(from, from + AT_ONCE);
      const positions = await Promise.all(some.map(({ device_id }) => this.ofDevice(device_id, by)));
      for (const position of positions) latest = latestOf(latest, position);
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
      latest = latestOf(latest, position);
    }
    return latest;
  }
}

/** So many of an account's devices are let go at a time. */
const AT_ONCE = 16;

function latestOf(a: Position | undefined, b: Position | undefined): Position | undefined {
  if (!a || !b) return a ?? b;
  return comparePositions(a, b) > 0 ? a : b;
}
