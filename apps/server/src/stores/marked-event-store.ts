import { type Records, UNMARKED_UNTIL } from '@latchkey/database';
import {
  comparePositions,
  type EventStore,
  MarkedEventStore,
  positionFromText,
  positionToText,
} from '@latchkey/event-sourcing';
import type { Vault } from '@latchkey/platform';

const NONE = 'none';

/**
 * A store that was restored may end before what was taken over unmarked: what is appended to it now must carry marks.
 * @returns up to where facts may be unmarked, at most the store's end
 */
async function clamped(until: string, store: EventStore, settings: Records['settings']): Promise<string> {
  if (until === NONE) return NONE;
  const newest = await store.ping();
  if (newest && comparePositions(positionFromText(until), newest) <= 0) return until;
  const end = newest ? positionToText(newest) : NONE;
  await settings.setSecret(UNMARKED_UNTIL, end);
  return end;
}

/**
 * The event store, in which only our own events count. Events of a version without marks are accepted once, at the
 * first start after it: all that exist by then, and none that come later.
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
  until = await clamped(until, store, settings);
  return new MarkedEventStore(store, vault, until === NONE ? undefined : positionFromText(until));
}
