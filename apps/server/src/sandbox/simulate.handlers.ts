import { Streams, STREAMS, VIEWS, type Views } from '@latchkey/access-codes';
import {
  type Account,
  deviceConnection,
  disconnect,
  reconnect,
  removeDevice,
  SimulateAccount,
  SimulateDevice,
} from '@latchkey/devices';
import type { Cause } from '@latchkey/event-sourcing';
import type { Caller } from '@latchkey/http';
import { ApiError } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Simulator } from './simulator';

/** What happens to a simulated lock happens in the lock cloud first, and is known here at once. */
@CommandHandler(SimulateDevice)
export class SimulateDeviceHandler implements ICommandHandler<SimulateDevice> {
  constructor(
    @Inject(STREAMS) private readonly streams: Streams,
    @Inject(VIEWS) private readonly views: Views,
    private readonly simulator: Simulator,
  ) {}

  async execute({ caller, deviceId, what }: SimulateDevice): Promise<void> {
    const { state: device } = await this.streams.devices.load(deviceId);
    if (!device || device.workspaceId !== caller.workspaceId || device.removedAt !== null) {
      throw ApiError.notFound('device');
    }
    if (what === 'remove') await this.simulator.removeLock(device.lockId);
    else await this.simulator.setOffline(device.lockId, what === 'disconnect');
    const decided = await this.streams.devices.transact(deviceId, causeOf(caller), (state) =>
      what === 'remove' ? removeDevice(state) : deviceConnection(state, what === 'connect'),
    );
    await this.views.reached(decided.position);
  }
}

@CommandHandler(SimulateAccount)
export class SimulateAccountHandler implements ICommandHandler<SimulateAccount> {
  constructor(
    @Inject(STREAMS) private readonly streams: Streams,
    @Inject(VIEWS) private readonly views: Views,
  ) {}

  async execute({ caller, connectedAccountId, what }: SimulateAccount): Promise<void> {
    const { state: account } = await this.streams.accounts.load(connectedAccountId);
    if (!account || account.workspaceId !== caller.workspaceId || account.removedAt !== null) {
      throw ApiError.notFound('connected_account');
    }
    const decided = await this.streams.accounts.transact(
      connectedAccountId,
      causeOf(caller),
      (state: Account | null) => (what === 'disconnect' ? disconnect(state, 'simulated') : reconnect(state)),
    );
    await this.views.reached(decided.position);
  }
}

function causeOf({ actor, requestId, workspaceId }: Caller): Cause {
  return { actor, workspaceId, correlationId: requestId, causationId: requestId };
}
