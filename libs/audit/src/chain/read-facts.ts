import { type EventStore, ForeignEvent, type RecordedEvent } from '@latchkey/event-sourcing';
import { FACT_PREFIXES, readFact } from '../facts';

/** A fact of ours, or a foreign event among them. */
export type Read =
  | { readonly is: 'fact'; readonly event: RecordedEvent }
  | { readonly is: 'foreign'; readonly event: RecordedEvent; readonly reason: string };

/**
 * Passes on all of history, in the order of the event store, up to its end at that time.
 * @param onRead is waited for before more is read
 */
export async function readFacts(
  store: EventStore,
  onRead: (read: Read) => Promise<void> | void,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let ended = false;
    const subscription = store.subscribeToAll({
      after: undefined,
      prefixes: FACT_PREFIXES,
      async onEvents(events) {
        try {
          for (const event of events) if (!ended) await onRead(judged(event));
        } catch (error) {
          // Thrown from here, the same events would come again.
          end(() => reject(asError(error)));
        }
      },
      onCaughtUp: () => end(resolve),
      onError: (error) => end(() => reject(asError(error))),
    });
    function end(then: () => void): void {
      if (ended) return;
      ended = true;
      // An empty store has caught up before `subscribe` returns.
      queueMicrotask(() => void subscription.stop());
      then();
    }
  });
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

function judged(event: RecordedEvent): Read {
  try {
    readFact(event);
    return { is: 'fact', event };
  } catch (error) {
    if (!(error instanceof ForeignEvent)) return { is: 'fact', event };
    return { is: 'foreign', event, reason: event.forged ?? 'it is not one of the server’s' };
  }
}
