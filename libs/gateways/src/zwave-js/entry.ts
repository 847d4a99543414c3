import { z } from 'zod';
import { addressEntry, localEntry, type LocalSystem } from '../local';

/** How Z-Wave JS is reached. */
export const ZWAVE_JS_PROTOCOLS = ['ws:', 'wss:'];

/** An entry of the kind zwave-js: { kind, name, display_name, address, username, password, slots }. */
export const zwaveJsEntry = z.strictObject({
  kind: z.literal('zwave-js'),
  ...localEntry,
  ...addressEntry(ZWAVE_JS_PROTOCOLS),
});

/** @param password what the entry or its environment variable says */
export function zwaveJsSystem(
  entry: z.infer<typeof zwaveJsEntry>,
  password: string | undefined,
): LocalSystem {
  const { name, display_name: displayName = name, address, username, slots = null } = entry;
  const credentials = { ...(username ? { username } : {}), ...(password ? { password } : {}) };
  return {
    ...{ kind: 'zwave-js', name, displayName, slots },
    connection: address === undefined ? null : { address, ...credentials },
    asked: address === undefined ? ['address', 'username', 'password'] : [],
  };
}
