import type { Reading } from './lock-line';

/** No lock that Zigbee2MQTT knows has as many. */
const MORE_THAN_ANY = 1024;

/**
 * How many slots a lock has, which Zigbee2MQTT does not tell: it refuses to read a slot beyond the last. Takes some ten
 * readings.
 * @returns null where the lock does not answer
 */
export async function countSlots(read: (slot: number) => Promise<Reading>): Promise<number | null> {
  const isThere = async (slot: number): Promise<boolean | null> => {
    const reading = await read(slot);
    if (reading.kind === 'read') return true;
    if (reading.kind === 'unsent') return null;
    // Zigbee2MQTT does not say one thing twice in a row: a second refusal is silence, and so is a lock that is away.
    const first = await read(0);
    if (first.kind !== 'read') return null;
    return false;
  };
  if ((await isThere(0)) !== true) return null;
  let [last, beyond] = [0, MORE_THAN_ANY];
  while (beyond - last > 1) {
    const middle = (last + beyond) >> 1;
    const found = await isThere(middle);
    if (found === null) return null;
    if (found) last = middle;
    else beyond = middle;
  }
  return last + 1;
}
