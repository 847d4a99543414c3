import { IANAZone } from 'luxon';
import { z } from 'zod';
import { addressEntry, localEntry, type LocalSystem } from '../local';

/** How Z-Wave JS is reached. */
export const ZWAVE_JS_PROTOCOLS = ['ws:', 'wss:'];

/** An entry of the kind zwave-js: { kind, name, display_name, address, username, password, slots, time_zone }. */
export const zwaveJsEntry = z.strictObject({
  kind: z.literal('zwave-js'),
  ...localEntry,
  ...addressEntry(ZWAVE_JS_PROTOCOLS),
  time_zone: z
    .string()
    .refine(isZone, { message: 'must be the name of a time zone, such as "Europe/Vienna"' })
    .optional(),
});

export interface ZwaveJsSystem extends LocalSystem {
  readonly kind: 'zwave-js';
  /** What the locks' clocks show, as an IANA name. */
  readonly timeZone: string;
}

function isZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}

/** @param password what the entry or its environment variable says */
export function zwaveJsSystem(
  entry: z.infer<typeof zwaveJsEntry>,
  password: string | undefined,
): ZwaveJsSystem {
  const { name, display_name: displayName = name, address, username, slots = null } = entry;
  const credentials = { ...(username ? { username } : {}), ...(password ? { password } : {}) };
  return {
    ...{ kind: 'zwave-js', name, displayName, slots },
    timeZone: entry.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    connection: address === undefined ? null : { address, ...credentials },
    asked: address === undefined ? ['address', 'username', 'password'] : [],
  };
}
