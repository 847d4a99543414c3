import { type Records, UNMARKED_UNTIL } from '@latchkey/database';
import {
  type EventStore,
  MarkedEventStore,
  positionFromText,
  positionToText,
} from '@latchkey/event-sourcing';
import type { Vault } from '@latchkey/platform';

const NONE = 'none';

/**
 * The event store in which we believe our own events alone. Those that a version without marks has written are
 * taken over once, at the first start after it: all that are there by then, and none that come later.
 */
export async function markedEventStore(
  store: EventStore,
  { settings }: Pick<Records, 'settings'>,
  vault: Vault,
): Promise<MarkedEventStore> {
  let until = await settings.setSecretIfAbsent(UNMARKED_UNTIL, NONE);
  if (until === 'now') {
    const newest = await store.ping();
    until = newest ? positionToText(newest) : NONE;
    await settings.setSecret(UNMARKED_UNTIL, until);
  }
  return new MarkedEventStore(store, vault, until === NONE ? undefined : positionFromText(until));
}
