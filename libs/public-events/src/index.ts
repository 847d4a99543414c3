import { GetEventHandler, ListEventsHandler } from './feed/feed-queries';

export { FeedProjection, type FeedTables } from './feed/feed-projection';
export * from './feed/queries';
export { delivered, PUBLIC_EVENTS, publicStreamOf, type SeamEvent, type StoredEvent } from './public-event';
export { Translator } from './translator/translator';
export { EventsController } from './http/events.controller';
export { WebhooksController } from './http/webhooks.controller';
export * from './webhooks/commands';
export { DeliveryQueue, type DeliveryTables } from './webhooks/delivery-queue';
export { Sender } from './webhooks/sender';
export { WebhookDeliveries } from './webhooks/webhook-deliveries';
export { Webhooks } from './webhooks/webhooks';
export { WEBHOOK_DELIVERIES, webhookHandlers } from './webhooks/webhook-handlers';

/** Providers that answer the queries on events. */
export const eventQueryHandlers = [GetEventHandler, ListEventsHandler];
