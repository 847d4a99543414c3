import type { Database } from '@latchkey/database';
import { FEED_DATABASE } from '@latchkey/platform';
import { Module } from '@nestjs/common';
import type { FeedTables } from './feed/feed-projection';
import { GetEventHandler, ListEventsHandler } from './feed/feed-queries';
import { EventStreams } from './event-stream/event-streams';
import { EventStreamController } from './http/event-stream.controller';
import { FeedTail } from './feed/feed-tail';
import { EventsController } from './http/events.controller';
import { WebhooksController } from './http/webhooks.controller';
import { webhookHandlers } from './webhooks/webhook-handlers';

/** What integrations are told: the endpoints of events and webhooks, and who handles what these ask. */
@Module({
  controllers: [EventsController, EventStreamController, WebhooksController],
  providers: [
    {
      provide: EventStreams,
      inject: [FEED_DATABASE, FeedTail],
      useFactory: (views: Database<FeedTables>, tail: FeedTail) => new EventStreams(views, tail),
    },
    GetEventHandler,
    ListEventsHandler,
    ...webhookHandlers,
  ],
})
export class PublicEventsModule {}
