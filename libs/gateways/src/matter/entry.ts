import { SECOND } from '@latchkey/platform';
import { IANAZone } from 'luxon';
import { z } from 'zod';
import { localEntry, type LocalSystem } from '../local';
import type { Limits } from './controller/messages';

/** An entry of the kind matter: { kind, name, display_name, slots, time_zone, network_interface, answers_within }. */
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
  /** How long a lock may take for an answer, s: one that sleeps takes its time. */
  answers_within: z.number().min(1).max(30).optional(),
});

export interface MatterSystem extends LocalSystem {
  readonly kind: 'matter';
  readonly timeZone: string | null;
  readonly networkInterface: string | null;
  readonly limits: Limits;
}

export function matterSystem(entry: z.infer<typeof matterEntry>): MatterSystem {
  const { name, display_name: displayName = name, slots = null, time_zone: timeZone = null } = entry;
  const answerMs = (entry.answers_within ?? 12) * SECOND;
  return {
    ...{ kind: 'matter', name, displayName, slots, timeZone },
    networkInterface: entry.network_interface ?? null,
    limits: { connectMs: answerMs / 2, answerMs },
    connection: null,
    asked: ['pairing_code'],
  };
}
