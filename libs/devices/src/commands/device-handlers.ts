import { causedBy, Refusal, VIEW_BARRIER, type ViewBarrier } from '@latchkey/event-sourcing';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Device } from '../domain/device';
import { laidOver, reportCodeLengths } from '../domain/device-decisions';
import { Departures } from '../process-manager/departures';
import { DeviceStreams } from '../streams';
import { DeleteDevice, ReportCodeLengths, UpdateDevice } from './commands';

const MOST_METADATA = 50;

/** The device, if it is the workspace's and was not deleted. */
async function ownDevice(streams: DeviceStreams, workspaceId: string, deviceId: string): Promise<Device> {
  const { state: device } = await streams.devices.load(deviceId);
  if (device?.workspaceId !== workspaceId || device.deletedAt !== null) throw Refusal.absent('device');
  return device;
}

@CommandHandler(UpdateDevice)
export class UpdateDeviceHandler implements ICommandHandler<UpdateDevice> {
  constructor(
    private readonly streams: DeviceStreams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    private readonly departures: Departures,
  ) {}

  async execute({ caller, deviceId, wanted, kind }: UpdateDevice): Promise<void> {
    const device = await ownDevice(this.streams, caller.workspaceId, deviceId);
    if (device.managed !== (kind === 'managed')) throw Refusal.absent('device');
    const metadata = laidOver(device.customMetadata, wanted.customMetadata ?? {});
    if (Object.keys(metadata).length > MOST_METADATA) {
      throw Refusal.invalid(`A device has at most ${MOST_METADATA} entries of custom metadata.`, {
        customMetadata: `must leave at most ${MOST_METADATA} entries`,
      });
    }
    await this.views.reached(await this.departures.updateDevice(deviceId, wanted, causedBy(caller)));
  }
}

@CommandHandler(DeleteDevice)
export class DeleteDeviceHandler implements ICommandHandler<DeleteDevice> {
  constructor(
    private readonly streams: DeviceStreams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    private readonly departures: Departures,
  ) {}

  async execute({ caller, deviceId }: DeleteDevice): Promise<void> {
    await ownDevice(this.streams, caller.workspaceId, deviceId);
    await this.views.reached(await this.departures.ofDevice(deviceId, causedBy(caller)));
  }
}

@CommandHandler(ReportCodeLengths)
export class ReportCodeLengthsHandler implements ICommandHandler<ReportCodeLengths> {
  constructor(
    private readonly streams: DeviceStreams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
  ) {}

  async execute({ caller, deviceId, lengths }: ReportCodeLengths): Promise<void> {
    const device = await ownDevice(this.streams, caller.workspaceId, deviceId);
    if (device.removedAt !== null || !device.managed) throw Refusal.absent('device');
    if (!device.makersCodeLengths.some((length) => lengths.includes(length))) {
      throw Refusal.invalid(
        `The device takes codes of ${device.makersCodeLengths.join(', ')} digits: none of these would be left.`,
        { supportedCodeLengths: 'must hold a length that the device takes' },
      );
    }
    const decided = await this.streams.devices.transact(deviceId, causedBy(caller), (state) =>
      reportCodeLengths(state, lengths),
    );
    await this.views.reached(decided.position);
  }
}

/** Handlers of the commands for devices. */
export const deviceHandlers = [UpdateDeviceHandler, DeleteDeviceHandler, ReportCodeLengthsHandler];
