import type { CodesOnDevice } from '@latchkey/devices';
import { type Cause, laterPosition, type Position } from '@latchkey/event-sourcing';
import { abandon, ceaseToManage } from '../domain/leaving';
import type { Streams } from '../streams';
import type { AgendaRows } from './agenda-rows';

/** Sees the codes on a device off that goes. Each step may be repeated, by somebody else, after a crash. */
export class LeavingCodes implements CodesOnDevice {
  constructor(
    private readonly options: {
      readonly streams: Pick<Streams, 'codes'>;
      readonly rows: Pick<AgendaRows, 'codesOf'>;
    },
  ) {}

  abandon(deviceId: string, cause: Cause): Promise<Position | undefined> {
    return this.eachCode(deviceId, cause, abandon);
  }

  letGo(deviceId: string, cause: Cause): Promise<Position | undefined> {
    return this.eachCode(deviceId, cause, ceaseToManage);
  }

  private async eachCode(
    deviceId: string,
    cause: Cause,
    decide: typeof abandon,
  ): Promise<Position | undefined> {
    const { streams, rows } = this.options;
    let latest: Position | undefined;
    for (const codeId of await rows.codesOf(deviceId)) {
      const { position } = await streams.codes.transact(codeId, cause, decide);
      latest = laterPosition(latest, position);
    }
    return latest;
  }
}
