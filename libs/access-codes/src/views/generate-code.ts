import { Refusal } from '@latchkey/event-sourcing';
import { RANDOM, type Random } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { neighbouringPins } from '../neighbouring-pins';
import { drawFreePin } from '../pins';
import { Streams } from '../streams';
import { GenerateCode } from './queries';

@QueryHandler(GenerateCode)
export class GenerateCodeHandler implements IQueryHandler<GenerateCode> {
  constructor(
    private readonly streams: Streams,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  async execute({ workspaceId, deviceId }: GenerateCode): Promise<{ code: string }> {
    const { state: device } = await this.streams.devices.load(deviceId);
    if (!device || device.workspaceId !== workspaceId || device.removedAt !== null) {
      throw Refusal.absent('device');
    }
    const isFree = await this.streams.freePins(deviceId);
    const wanted = { codeId: '', window: null };
    const neighbours = await neighbouringPins(device, wanted, this.streams);
    return { code: drawFreePin(device, isFree, wanted, this.random, neighbours) };
  }
}
