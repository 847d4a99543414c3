import { IANAZone } from 'luxon';
import { z } from 'zod';
import { localEntry, type LocalSystem } from '../local';

/** An entry of the kind matter: { kind, name, display_name, slots, time_zone, network_interface }. */
export const matterEntry = z.strictObject({
  kind: z.literal('matter'),
  ...localEntry,
  /** Where the locks are that do not say so. */
  time_zone: z
    .string()
    .refine((name) => IANAZone.isValidZone(name), { message: 'must be a time zone, such as Europe/Berlin' })
    .optional(),
  /** On which network locks are looked for; left out: on all. */
  network_interface: z.string().min(1).max(50).optional(),
});

export interface MatterSystem extends LocalSystem {
  readonly kind: 'matter';
  readonly timeZone: string | null;
  readonly networkInterface: string | null;
}

export function matterSystem(entry: z.infer<typeof matterEntry>): MatterSystem {
  const { name, display_name: displayName = name, slots = null, time_zone: timeZone = null } = entry;
  return {
    ...{ kind: 'matter', name, displayName, slots, timeZone },
    networkInterface: entry.network_interface ?? null,
    connection: null,
    asked: ['pairing_code'],
  };
}
