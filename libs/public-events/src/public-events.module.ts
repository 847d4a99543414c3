import type { Database } from '@latchkey/database';
import type { EventStore, PersistentSubscriptions } from '@latchkey/event-sourcing';
import { CLOCK, type Clock, EVENT_STORE, FEED_DATABASE, PERSISTENT_SUBSCRIPTIONS } from '@latchkey/platform';
import { Module } from '@nestjs/common';
import { EventStreams } from './event-stream/event-streams';
import { FeedHistory } from './feed/feed-history';
import type { FeedTables } from './feed/feed-projection';
import { GetEventHandler, ListEventsHandler } from './feed/feed-queries';
import { FeedTail } from './feed/feed-tail';
import { FEED_VIEW, type FeedView } from './feed/feed-view';
import { EventSchemasController } from './http/event-schemas.controller';
import { EventStreamController } from './http/event-stream.controller';
import { EventsController } from './http/events.controller';
import { SubscriptionsController } from './http/subscriptions.controller';
import { WebhooksController } from './http/webhooks.controller';
import { SUBSCRIBER_LOGINS, type SubscriberLogins } from './subscriptions/subscriber-logins';
import { Subscriptions } from './subscriptions/subscriptions';
import { webhookHandlers } from './webhooks/webhook-handlers';

/** What integrations are told: the endpoints of events and webhooks, and who handles what these ask. */
@Module({
  controllers: [
    EventsController,
    EventSchemasController,
    EventStreamController,
    SubscriptionsController,
    WebhooksController,
  ],
  providers: [
    GetEventHandler,
    ListEventsHandler,
    {
      provide: FeedHistory,
      inject: [FEED_DATABASE],
      useFactory: (views: Database<FeedTables>) => new FeedHistory(views),
    },
    {
      provide: EventStreams,
      inject: [FeedHistory, FeedTail, FEED_VIEW],
      useFactory: (history: FeedHistory, tail: FeedTail, feed: FeedView) =>
        new EventStreams(history, tail, feed),
    },
    {
      provide: Subscriptions,
      inject: [PERSISTENT_SUBSCRIPTIONS, EVENT_STORE, FeedHistory, FEED_VIEW, SUBSCRIBER_LOGINS, CLOCK],
      useFactory: (
        groups: PersistentSubscriptions,
        store: EventStore,
        history: FeedHistory,
        feed: FeedView,
        logins: SubscriberLogins | undefined,
        clock: Clock,
      ) => new Subscriptions({ groups, store, history, feed, logins, clock }),
    },
    ...webhookHandlers,
  ],
})
export class PublicEventsModule {}
