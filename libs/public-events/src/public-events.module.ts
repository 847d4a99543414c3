import { Module } from '@nestjs/common';
import { GetEventHandler, ListEventsHandler } from './feed/feed-queries';
import { EventsController } from './http/events.controller';
import { WebhooksController } from './http/webhooks.controller';
import { webhookHandlers } from './webhooks/webhook-handlers';

/** What integrations are told: the endpoints of events and webhooks, and who handles what these ask. */
@Module({
  controllers: [EventsController, WebhooksController],
  providers: [GetEventHandler, ListEventsHandler, ...webhookHandlers],
})
export class PublicEventsModule {}
