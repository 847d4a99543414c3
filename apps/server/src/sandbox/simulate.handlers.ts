import { causedBy, VIEW_BARRIER, type ViewBarrier } from '@latchkey/event-sourcing';
import {
  type Account,
  deviceConnection,
  DeviceStreams,
  disconnect,
  reconnect,
  removeDevice,
  SimulateAccount,
  SimulateDevice,
} from '@latchkey/devices';
import { ApiError } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Reach, Simulator } from './simulator';

const CHANGES = {
  connect: { offline: false },
  disconnect: { offline: true },
  connect_to_hub: { bridge_offline: false },
  disconnect_from_hub: { bridge_offline: true },
} as const satisfies Record<Exclude<SimulateDevice['what'], 'remove'>, Partial<Reach>>;

/** What happens to a simulated lock happens in the lock cloud first, and is known here at once. */
@CommandHandler(SimulateDevice)
export class SimulateDeviceHandler implements ICommandHandler<SimulateDevice> {
  constructor(
    private readonly streams: DeviceStreams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    private readonly simulator: Simulator,
  ) {}

  async execute({ caller, deviceId, what }: SimulateDevice): Promise<void> {
    const { state: device } = await this.streams.devices.load(deviceId);
    if (!device || device.workspaceId !== caller.workspaceId || device.removedAt !== null) {
      throw ApiError.notFound('device');
    }
    if (what === 'remove') await this.simulator.removeLock(device.lockId);
    const faults = what === 'remove' ? null : await this.simulator.setReach(device.lockId, CHANGES[what]);
    const decided = await this.streams.devices.transact(deviceId, causedBy(caller), (state) => {
      if (!faults) return removeDevice(state);
      const because = faults.bridge_offline ? 'hub_disconnected' : 'device_disconnected';
      return deviceConnection(state, !faults.offline && !faults.bridge_offline, because);
    });
    await this.views.reached(decided.position);
  }
}

@CommandHandler(SimulateAccount)
export class SimulateAccountHandler implements ICommandHandler<SimulateAccount> {
  constructor(
    private readonly streams: DeviceStreams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
  ) {}

  async execute({ caller, connectedAccountId, what }: SimulateAccount): Promise<void> {
    const { state: account } = await this.streams.accounts.load(connectedAccountId);
    if (!account || account.workspaceId !== caller.workspaceId || account.removedAt !== null) {
      throw ApiError.notFound('connected_account');
    }
    const decided = await this.streams.accounts.transact(
      connectedAccountId,
      causedBy(caller),
      (state: Account | null) => (what === 'disconnect' ? disconnect(state, 'simulated') : reconnect(state)),
    );
    await this.views.reached(decided.position);
  }
}
