import { DeviceStreams } from '@latchkey/devices';
import { DeviceWatch, DOMAIN_PREFIXES, SimulateUnmanagedAccessCode } from '@latchkey/access-codes';
import { type EventStore, VIEW_BARRIER, type ViewBarrier } from '@latchkey/event-sourcing';
import { ApiError, EVENT_STORE } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { SANDBOX_MAKER } from './provisioning';
import { Simulator } from './simulator';

/** Puts a code on a simulated lock, and reads the lock back as its watch would, sooner or later. */
@CommandHandler(SimulateUnmanagedAccessCode)
export class SimulateUnmanagedAccessCodeHandler implements ICommandHandler<SimulateUnmanagedAccessCode> {
  constructor(
    private readonly streams: DeviceStreams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    @Inject(EVENT_STORE) private readonly store: Pick<EventStore, 'lastAppendedTo'>,
    private readonly simulator: Simulator,
    private readonly watch: DeviceWatch,
  ) {}

  async execute({ caller, wanted }: SimulateUnmanagedAccessCode): Promise<void> {
    const { deviceId, name, code } = wanted;
    const { state: device } = await this.streams.devices.load(deviceId);
    if (!device || device.workspaceId !== caller.workspaceId || device.removedAt !== null) {
      throw ApiError.notFound('device');
    }
    if (device.maker !== SANDBOX_MAKER) {
      throw ApiError.invalidInput('The device is not simulated.', { device_id: 'is not simulated' });
    }
    const { state: account } = await this.streams.accounts.load(device.accountId);
    if (!account?.connected) {
      // Nobody could see it there.
      throw ApiError.invalidInput("The device's account is disconnected.", {
        device_id: 'its account is disconnected',
      });
    }
    const refused = await this.simulator.putCode(device.lockId, { name, code });
    if (refused?.error_code === 'PIN_CONFLICT') {
      throw ApiError.conflict('duplicate_access_code', 'Another code on the device has the same PIN.');
    }
    if (refused) throw ApiError.invalidInput(`The lock does not take it: ${refused.message}`);
    await this.watch.device(deviceId);
    await this.views.reached(this.store.lastAppendedTo(DOMAIN_PREFIXES));
  }
}
