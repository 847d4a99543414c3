import { Departures, Streams, STREAMS, VIEWS, type Views } from '@latchkey/access-codes';
import {
  DeleteDevice,
  type Device,
  laidOver,
  reportCodeLengths,
  ReportCodeLengths,
  UpdateDevice,
} from '@latchkey/devices';
import { ApiError } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { causeOf } from './cause';

const MOST_METADATA = 50;

/** The device, if it is the workspace's and was not deleted. */
async function ownDevice(streams: Streams, workspaceId: string, deviceId: string): Promise<Device> {
  const { state: device } = await streams.devices.load(deviceId);
  if (device?.workspaceId !== workspaceId || device.deletedAt !== null) throw ApiError.notFound('device');
  return device;
}

@CommandHandler(UpdateDevice)
export class UpdateDeviceHandler implements ICommandHandler<UpdateDevice> {
  constructor(
    @Inject(STREAMS) private readonly streams: Streams,
    @Inject(VIEWS) private readonly views: Views,
    private readonly departures: Departures,
  ) {}

  async execute({ caller, deviceId, wanted, kind }: UpdateDevice): Promise<void> {
    const device = await ownDevice(this.streams, caller.workspaceId, deviceId);
    if (device.managed !== (kind === 'managed')) throw ApiError.notFound('device');
    const metadata = laidOver(device.customMetadata, wanted.customMetadata ?? {});
    if (Object.keys(metadata).length > MOST_METADATA) {
      throw ApiError.invalidInput(`A device has at most ${MOST_METADATA} entries of custom metadata.`, {
        custom_metadata: `must leave at most ${MOST_METADATA} entries`,
      });
    }
    await this.views.reached(await this.departures.updateDevice(deviceId, wanted, causeOf(caller)));
  }
}

@CommandHandler(DeleteDevice)
export class DeleteDeviceHandler implements ICommandHandler<DeleteDevice> {
  constructor(
    @Inject(STREAMS) private readonly streams: Streams,
    @Inject(VIEWS) private readonly views: Views,
    private readonly departures: Departures,
  ) {}

  async execute({ caller, deviceId }: DeleteDevice): Promise<void> {
    await ownDevice(this.streams, caller.workspaceId, deviceId);
    await this.views.reached(await this.departures.ofDevice(deviceId, causeOf(caller)));
  }
}

@CommandHandler(ReportCodeLengths)
export class ReportCodeLengthsHandler implements ICommandHandler<ReportCodeLengths> {
  constructor(
    @Inject(STREAMS) private readonly streams: Streams,
    @Inject(VIEWS) private readonly views: Views,
  ) {}

  async execute({ caller, deviceId, lengths }: ReportCodeLengths): Promise<void> {
    const device = await ownDevice(this.streams, caller.workspaceId, deviceId);
    if (device.removedAt !== null || !device.managed) throw ApiError.notFound('device');
    if (!device.makersCodeLengths.some((length) => lengths.includes(length))) {
      throw ApiError.invalidInput(
        `The device takes codes of ${device.makersCodeLengths.join(', ')} digits: none of these would be left.`,
        { supported_code_lengths: 'must hold a length that the device takes' },
      );
    }
    const decided = await this.streams.devices.transact(deviceId, causeOf(caller), (state) =>
      reportCodeLengths(state, lengths),
    );
    await this.views.reached(decided.position);
  }
}

/** Handlers of what is asked of devices. */
export const deviceHandlers = [UpdateDeviceHandler, DeleteDeviceHandler, ReportCodeLengthsHandler];
