import type { LocalAdapter, LocalParts } from '../local';

/** The adapter for Z-Wave JS. */
export function openZwaveJs(_parts: LocalParts): Promise<LocalAdapter> {
  return Promise.reject(new Error('Z-Wave JS is not supported yet'));
}
