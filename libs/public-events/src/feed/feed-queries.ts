import { Refusal } from '@latchkey/event-sourcing';
import { between, type Database, inWindows } from '@latchkey/database';
import { FEED_DATABASE, type RowKey, VAULT, type Vault } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { delivered, deliveredAll, type SeamEvent, type StoredEvent } from '../public-event';
import { type FilterColumn, restrictionsOf } from './feed-filter';
import { EVENTS, type FeedTables } from './feed-projection';
import { FEED_VIEW, type FeedView } from './feed-view';
import { type EventFilter, GetEvent, ListEvents, MOST_EVENTS } from './queries';

@QueryHandler(GetEvent)
export class GetEventHandler implements IQueryHandler<GetEvent> {
  constructor(
    @Inject(FEED_DATABASE) private readonly views: Database<FeedTables>,
    @Inject(FEED_VIEW) private readonly feed: FeedView,
    @Inject(VAULT) private readonly vault: Vault,
  ) {}

  async execute({ workspaceId, by }: GetEvent): Promise<SeamEvent> {
    await this.feed.caughtUp();
    const query = this.views.db.selectFrom(EVENTS).select('data').where('workspace_id', '=', workspaceId);
    const row = await (
      'eventId' in by
        ? query.where('event_id', '=', by.eventId)
        : query
            .where('device_id', '=', by.deviceId)
            .where('event_type', '=', by.eventType)
            .orderBy('created_at', 'desc')
            .orderBy('revision', 'desc')
            .limit(1)
    ).executeTakeFirst();
    if (!row) throw Refusal.absent('event');
    return delivered(JSON.parse(row.data) as StoredEvent, this.vault);
  }
}

@QueryHandler(ListEvents)
export class ListEventsHandler implements IQueryHandler<ListEvents> {
  constructor(
    @Inject(FEED_DATABASE) private readonly views: Database<FeedTables>,
    @Inject(FEED_VIEW) private readonly feed: FeedView,
    @Inject(VAULT) private readonly vault: Vault,
  ) {}

  async execute({ workspaceId, filter, limit }: ListEvents): Promise<SeamEvent[]> {
    const lists = restrictionsOf(filter);
    if (lists.some(([, values]) => values.length === 0)) return [];
    await this.feed.caughtUp();
    const rows = await this.rows(workspaceId, filter, Math.min(limit, MOST_EVENTS));
    const stored = rows.map((row) => JSON.parse(row.data) as StoredEvent);
    return deliveredAll(stored, this.vault);
  }

  private rows(workspaceId: string, filter: EventFilter, limit: number) {
    const inOrder = (from: RowKey, upTo: RowKey | undefined) => {
      const query = this.views.db
        .selectFrom(EVENTS)
        .where('workspace_id', '=', workspaceId)
        .where(between({ at: 'created_at', id: 'revision' }, placeOf(from), upTo && placeOf(upTo)))
        .orderBy('created_at')
        .orderBy('revision');
      return filter.between ? query.where('created_at', '<', filter.between[1]) : query;
    };
    const since = Math.max(filter.since ?? 0, (filter.between?.[0] ?? -1) + 1);
    const after = { at: since, id: '-1' };
    const read = (from: RowKey, upTo: RowKey | undefined, most: number) => {
      let query = inOrder(from, upTo).select('data').limit(most);
      for (const [column, values] of restrictionsOf(filter)) query = query.where(column, 'in', values);
      return query.execute();
    };
    // These have indexes of their own, which find what is asked for at once.
    if (restrictionsOf(filter).some(([column]) => INDEXED.includes(column)))
      return read(after, undefined, limit);
    return inWindows(
      { after, limit },
      async (from, far) => {
        const there = await inOrder(from, undefined)
          .select(['created_at as at', 'revision'])
          .offset(far - 1)
          .limit(1)
          .executeTakeFirst();
        return there && { at: there.at, id: String(there.revision) };
      },
      read,
    );
  }
}

const INDEXED: readonly FilterColumn[] = ['event_id', 'access_code_id', 'device_id'];

const placeOf = ({ at, id }: RowKey) => ({ at, id: Number(id) });
