import { z } from 'zod';
import { localEntry, type LocalSystem } from '../local';

/** An entry of the kind matter: { kind, name, display_name, slots }. */
export const matterEntry = z.strictObject({ kind: z.literal('matter'), ...localEntry });

export function matterSystem(entry: z.infer<typeof matterEntry>): LocalSystem {
  const { name, display_name: displayName = name, slots = null } = entry;
  return { kind: 'matter', name, displayName, slots, connection: null, asked: ['pairing_code'] };
}
