import type { Database } from '@latchkey/database';
import type { StoredEvent } from '../public-event';
import { restrictionsOf } from './feed-filter';
import { EVENTS, type FeedTables } from './feed-projection';
import type { NewsEvent } from './feed-tail';
import type { EventFilter } from './queries';

/** Revisions that one statement looks at: what a filter leaves out costs no more than that at a time. */
const REVISIONS_AT_ONCE = 500;

/** Events of a workspace in the order of their stream, from the view that the feed is. */
export class FeedHistory {
  constructor(private readonly views: Database<FeedTables>) {}

  /** The revision of the workspace's last event; -1 where there is none. */
  async lastRevision(workspaceId: string): Promise<number> {
    const row = await this.views.db
      .selectFrom(EVENTS)
      .select((eb) => eb.fn.max<number | null>('revision').as('revision'))
      .where('workspace_id', '=', workspaceId)
      .executeTakeFirst();
    return row?.revision ?? -1;
  }

  /** The revision of the first event from that instant (ms) on; undefined where there is none. */
  async firstSince(workspaceId: string, since: number): Promise<number | undefined> {
    const row = await this.views.db
      .selectFrom(EVENTS)
      .select((eb) => eb.fn.min<number | null>('revision').as('revision'))
      .where('workspace_id', '=', workspaceId)
      .where('created_at', '>=', since)
      .executeTakeFirst();
    return row?.revision ?? undefined;
  }

  /** Where an event stands; undefined where the workspace has none of that id. */
  async revisionOf(workspaceId: string, eventId: string): Promise<number | undefined> {
    const row = await this.views.db
      .selectFrom(EVENTS)
      .select('revision')
      .where('event_id', '=', eventId)
      .where('workspace_id', '=', workspaceId)
      .executeTakeFirst();
    return row?.revision;
  }

  /**
   * Some of what stands after a revision and the filter lets through, in order.
   * @returns also up to which revision was looked, and whether that is the last one there is
   */
  async page(
    workspaceId: string,
    filter: EventFilter,
    after: number,
  ): Promise<{ readonly events: NewsEvent[]; readonly upTo: number; readonly isEnd: boolean }> {
    const { db } = this.views;
    const last = await this.lastRevision(workspaceId);
    if (last <= after) return { events: [], upTo: after, isEnd: true };
    const first = await db
      .selectFrom(EVENTS)
      .select((eb) => eb.fn.min<number>('revision').as('revision'))
      .where('workspace_id', '=', workspaceId)
      .where('revision', '>', after)
      .executeTakeFirstOrThrow();
    const upTo = Math.min(first.revision - 1 + REVISIONS_AT_ONCE, last);
    let query = db
      .selectFrom(EVENTS)
      .select(['revision', 'data'])
      .where('workspace_id', '=', workspaceId)
      .where('revision', '>', after)
      .where('revision', '<=', upTo)
      .orderBy('revision');
    if (filter.since !== undefined) query = query.where('created_at', '>=', filter.since);
    if (filter.between) {
      const [from, to] = filter.between;
      query = query.where('created_at', '>', from).where('created_at', '<', to);
    }
    for (const [column, values] of restrictionsOf(filter)) query = query.where(column, 'in', values);
    const rows = restrictionsOf(filter).some(([, values]) => values.length === 0)
      ? []
      : await query.execute();
    const events = rows.map(({ revision, data }) => ({ revision, event: JSON.parse(data) as StoredEvent }));
    return { events, upTo, isEnd: upTo >= last };
  }
}
