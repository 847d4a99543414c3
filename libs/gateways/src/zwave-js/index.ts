import type { LocalAdapter, LocalParts } from '../local';
import { ZwaveJsAdapter } from './adapter';

/** The adapter for Z-Wave JS. It needs no package beyond the server's own. */
export function openZwaveJs(parts: LocalParts): Promise<LocalAdapter> {
  return Promise.resolve(new ZwaveJsAdapter(parts));
}
