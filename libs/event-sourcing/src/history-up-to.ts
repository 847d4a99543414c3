import {
  comparePositions,
  type EventStore,
  type EventSubscription,
  type Position,
  type RecordedEvent,
  type SubscribeOptions,
} from './event-store';
import type { HistoryEnd } from './restored-store';

/**
 * A store whose history ends at a position that it has reached: who follows it is given no event beyond, and has caught
 * up there. So a view is folded as it was at that position, while the store goes on.
 */
export function historyUpTo(
  store: HistoryEnd & Pick<EventStore, 'subscribeToAll'>,
  end: Position,
): HistoryEnd & Pick<EventStore, 'subscribeToAll'> {
  return {
    readAllBackwards: (count, before) => store.readAllBackwards(count, before),
    eventAt: (position) => store.eventAt(position),
    subscribeToAll: (options) => followUpTo(store, end, options),
  };
}

function followUpTo(
  store: Pick<EventStore, 'subscribeToAll'>,
  end: Position,
  options: SubscribeOptions,
): EventSubscription {
  let over = false;
  const caughtUp = (): void => {
    if (over) return;
    over = true;
    options.onCaughtUp?.();
  };
  const isWithin = (position: Position): boolean => comparePositions(position, end) <= 0;
  return store.subscribeToAll({
    ...options,
    onEvents: async (events: readonly RecordedEvent[]) => {
      if (over) return;
      const own = events.filter(({ position }) => isWithin(position));
      if (own.length > 0) await options.onEvents(own);
      if (own.length < events.length) caughtUp();
    },
    onCheckpoint: async (position) => {
      if (over) return;
      if (isWithin(position)) await options.onCheckpoint?.(position);
      else caughtUp();
    },
    onCaughtUp: caughtUp,
  });
}
