import type { Database } from '@latchkey/database';
import { ApiError, VAULT, type Vault, FEED_DATABASE } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { delivered, type SeamEvent, type StoredEvent } from '../public-event';
import type { FeedTables } from './feed-projection';
import { type EventFilter, GetEvent, ListEvents, MOST_EVENTS } from './queries';

@QueryHandler(GetEvent)
export class GetEventHandler implements IQueryHandler<GetEvent> {
  constructor(
    @Inject(FEED_DATABASE) private readonly views: Database<FeedTables>,
    @Inject(VAULT) private readonly vault: Vault,
  ) {}

  async execute({ workspaceId, by }: GetEvent): Promise<SeamEvent> {
    const query = this.views.db
      .selectFrom('events_v2')
      .select('data')
      .where('workspace_id', '=', workspaceId);
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
    if (!row) throw ApiError.notFound('event');
    return delivered(JSON.parse(row.data) as StoredEvent, this.vault);
  }
}

@QueryHandler(ListEvents)
export class ListEventsHandler implements IQueryHandler<ListEvents> {
  constructor(
    @Inject(FEED_DATABASE) private readonly views: Database<FeedTables>,
    @Inject(VAULT) private readonly vault: Vault,
  ) {}

  async execute({ workspaceId, filter, limit }: ListEvents): Promise<SeamEvent[]> {
    const lists = among(filter);
    if (lists.some(([, values]) => values.length === 0)) return [];
    let query = this.views.db.selectFrom('events_v2').select('data').where('workspace_id', '=', workspaceId);
    if (filter.since !== undefined) query = query.where('created_at', '>=', filter.since);
    if (filter.between) {
      const [after, before] = filter.between;
      query = query.where('created_at', '>', after).where('created_at', '<', before);
    }
    for (const [column, values] of lists) query = query.where(column, 'in', values);
    const rows = await query
      .orderBy('created_at')
      .orderBy('revision')
      .limit(Math.min(limit, MOST_EVENTS))
      .execute();
    const events: SeamEvent[] = [];
    for (const row of rows) events.push(await delivered(JSON.parse(row.data) as StoredEvent, this.vault));
    return events;
  }
}

type Column =
  | 'event_type'
  | 'event_id'
  | 'access_code_id'
  | 'device_id'
  | 'connected_account_id'
  | 'connect_webview_id'
  | 'customer_key';

function among(filter: EventFilter): [Column, string[]][] {
  const one = (value: string | undefined) => (value === undefined ? undefined : [value]);
  const lists: [Column, readonly string[] | undefined][] = [
    ['event_type', one(filter.eventType)],
    ['event_type', filter.eventTypes],
    ['event_id', filter.eventIds],
    ['access_code_id', one(filter.accessCodeId)],
    ['access_code_id', filter.accessCodeIds],
    ['device_id', one(filter.deviceId)],
    ['device_id', filter.deviceIds],
    ['connected_account_id', one(filter.connectedAccountId)],
    ['connect_webview_id', one(filter.connectWebviewId)],
    ['customer_key', one(filter.customerKey)],
  ];
  return lists.flatMap(([column, values]) => (values === undefined ? [] : [[column, [...new Set(values)]]]));
}
