import type { RecordedEvent } from '@latchkey/event-sourcing';
import { ownPublicEvent } from '../read-public-event';
import type { StoredEvent } from '../public-event';

/** A public event as it was just folded into the feed. */
export interface NewsEvent {
  readonly revision: number;
  readonly event: StoredEvent;
}

type Listener = (events: readonly NewsEvent[]) => void;

/** Passes on what the feed has just folded to the listeners of a workspace's events: one follower for all of them. */
export class FeedTail {
  private readonly listeners = new Map<string, Set<Listener>>();

  /** Calls `listener` with new events of the workspace, in order. @returns how to stop listening */
  listen(workspaceId: string, listener: Listener): () => void {
    const others = this.listeners.get(workspaceId) ?? new Set();
    this.listeners.set(workspaceId, others.add(listener));
    return () => {
      others.delete(listener);
      if (others.size === 0 && this.listeners.get(workspaceId) === others) this.listeners.delete(workspaceId);
    };
  }

  /** To be called with all events that the feed tells of from now on. */
  take(recorded: readonly RecordedEvent[]): void {
    if (this.listeners.size === 0) return;
    const byWorkspace = new Map<string, NewsEvent[]>();
    for (const each of recorded) {
      const event = ownPublicEvent(each)?.event;
      if (!event || !this.listeners.has(event.workspace_id)) continue;
      const news = byWorkspace.get(event.workspace_id) ?? [];
      byWorkspace.set(event.workspace_id, news);
      news.push({ revision: each.revision, event });
    }
    for (const [workspaceId, news] of byWorkspace) {
      for (const listener of [...(this.listeners.get(workspaceId) ?? [])]) listener(news);
    }
  }
}
