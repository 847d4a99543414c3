import type { LocalAdapter, LocalParts } from '../local';

/** The adapter for Matter. */
export function openMatter(_parts: LocalParts): Promise<LocalAdapter> {
  return Promise.reject(new Error('Matter is not supported yet'));
}
