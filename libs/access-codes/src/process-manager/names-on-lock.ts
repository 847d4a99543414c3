import type { Device } from '@latchkey/devices';
import type { KnownRevisions } from '@latchkey/event-sourcing';
import { wantsUniqueNames } from '@latchkey/gateways';
import { namesOnLock } from '../domain/told';
import type { Streams } from '../streams';
import type { AgendaRows } from './agenda-rows';

/**
 * The names of other codes on a lock, where names must differ there. The caller holds the lock, so that none is on its
 * way unseen. There are no more of them than the lock has room for.
 * @param except a code that is not looked at
 */
export async function otherNames(
  { deviceId, capabilities }: Device,
  except: string,
  of: {
    readonly rows: Pick<AgendaRows, 'lockCodes'>;
    readonly streams: Pick<Streams, 'codes'>;
    readonly known: KnownRevisions;
  },
): Promise<string[]> {
  if (!wantsUniqueNames(capabilities)) return [];
  const { rows, streams, known } = of;
  const names: string[] = [];
  for (const codeId of new Set((await rows.lockCodes(deviceId)).values())) {
    if (codeId === except) continue;
    const { state } = await streams.codes.load(codeId, known.atLeast(streams.codes.streamOf(codeId)));
    if (state) names.push(...namesOnLock(state));
  }
  return names;
}
