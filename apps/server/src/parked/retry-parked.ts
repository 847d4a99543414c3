import { NotReplayable, viewsNamed } from '../replay/beside';
import { rebuildViews } from '../replay/rebuild-views';
import type { ReplayParts } from '../replay/replayable-views';
import { OF_OTHERS, type ParkedEvent } from './parked-events';

/** What came of trying again to fold events that a view goes on without. */
export interface Retried {
  readonly view: string;
  /** Why it still goes on without them; null: it has them now. */
  readonly failure: string | null;
}

/**
 * The views that events are to be tried again in.
 * @throws {NotReplayable} where no view would have them: those of others, and those that were to be sent
 */
export function viewsToRetry(parts: ReplayParts, events: readonly ParkedEvent[]): string[] {
  const known = viewsNamed(parts, undefined).map(({ projection }) => projection.name);
  const wanted = [...new Set(events.map(({ view }) => view))];
  const views = wanted.filter((view) => known.includes(view));
  if (views.length > 0 || events.length === 0) return views;
  throw new NotReplayable(
    wanted.every((view) => view === OF_OTHERS)
      ? 'Events of others are folded by no view: drop them from the list.'
      : `What ${wanted.join(' and ')} could not take is not folded again: drop it, and use webhooks/replay.`,
  );
}

/**
 * Folds views again, with all events in their order: an event can't be folded by itself after those that came later.
 * A view that still can't fold one is left as it is.
 */
export async function retryParked(parts: ReplayParts, views: readonly string[]): Promise<Retried[]> {
  const retried: Retried[] = [];
  for (const view of views) {
    const nothing = { tell: () => undefined, onRebuilt: () => undefined };
    const failure = await rebuildViews(parts, view, nothing).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    retried.push({ view, failure });
  }
  return retried;
}
