import type { Database } from '@latchkey/database';
import {
  type EventStore,
  type MarkedEventStore,
  type Position,
  type RecordedEvent,
} from '@latchkey/event-sourcing';
import { derivedId } from '@latchkey/platform';
import { nameless, PERSONAL_DATA_ERASED } from '../nameless';
import { publicStreamOf, type StoredEvent } from '../public-event';
import { ownPublicEvent } from '../read-public-event';
import { EVENTS, type FeedTables } from './feed-projection';

/** Erases what codes were called from the public events that were told of them. */
export class PublicNames {
  constructor(
    private readonly options: {
      /** With the public streams as the event store has them. */
      readonly store: Pick<EventStore, 'read'> & Pick<MarkedEventStore, 'marked'>;
      readonly feed: Database<FeedTables>;
      /** Puts an event in the place of what it was; left out where the event store has no way to do that. */
      readonly replace?: ((event: RecordedEvent) => Promise<unknown>) | undefined;
    },
  ) {}

  /**
   * Whether, and where, integrations were told that a code's names were erased. The feed has forgotten them by then.
   * @param erased the fact that says so
   */
  async toldAt(erased: RecordedEvent): Promise<Position | undefined> {
    const id = derivedId(erased.id, `${PERSONAL_DATA_ERASED}:0`);
    const row = await this.options.feed.db
      .selectFrom(EVENTS)
      .select(['workspace_id', 'revision'])
      .where('event_id', '=', id)
      .executeTakeFirst();
    return row && (await this.eventAt(row))?.position;
  }

  /** Rewrites the events of a code that tell a name of it. @returns how many are left that do */
  async erase(codeId: string): Promise<number> {
    const { store, feed, replace } = this.options;
    const rows = await feed.db
      .selectFrom(EVENTS)
      .select(['workspace_id', 'revision'])
      .where('access_code_id', '=', codeId)
      .orderBy('revision')
      .execute();
    let left = 0;
    for (const row of rows) {
      const event = await this.eventAt(row);
      const without = event && withoutNames(event);
      if (!without || without === event) continue;
      if (replace) await replace(store.marked(without));
      else left++;
    }
    return left;
  }

  private async eventAt({
    workspace_id,
    revision,
  }: Pick<FeedTables[typeof EVENTS], 'workspace_id' | 'revision'>): Promise<RecordedEvent | undefined> {
    for await (const event of this.options.store.read(publicStreamOf(workspace_id), revision, 1))
      if (event.revision === revision && ownPublicEvent(event)) return event;
    return undefined;
  }
}

/** The same event where it tells no name. What was made to commit to one goes with it. */
function withoutNames(event: RecordedEvent): RecordedEvent {
  const data = nameless(event.data as StoredEvent);
  if (data === event.data) return event;
  const { salt: _, ...metadata } = event.metadata;
  return { ...event, data, metadata, written: undefined };
}
