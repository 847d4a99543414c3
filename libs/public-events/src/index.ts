export { EVENTS as FEED_EVENTS, FeedProjection, type FeedTables, listedInFeed } from './feed/feed-projection';
export { PublicNames } from './feed/public-names';
export { FeedTail } from './feed/feed-tail';
export { FEED_VIEW, type FeedView } from './feed/feed-view';
export * from './feed/queries';
export { delivered, PUBLIC_EVENTS, publicStreamOf, type SeamEvent, type StoredEvent } from './public-event';
export { PublicEventsModule } from './public-events.module';
export { TOLD_BY_EARLIER_VERSIONS } from './translator/earlier-version';
export { Translator } from './translator/translator';
export type { StreamRefusal } from './event-stream/event-streams';
export { EventStreamController } from './http/event-stream.controller';
export { SubscriptionsController } from './http/subscriptions.controller';
export * from './subscriptions/subscriber-logins';
export {
  type Subscription,
  type SubscriptionRefusal,
  Subscriptions,
  type SubscriptionStart,
} from './subscriptions/subscriptions';
export { FeedHistory } from './feed/feed-history';
export { EVENT_SCHEMAS, type EventSchema } from './schemas/event-schemas';
export { EventsController } from './http/events.controller';
export { WebhooksController } from './http/webhooks.controller';
export * from './webhooks/commands';
export { WebhookReplay } from './webhooks/webhook-replay';
export { DeliveryQueue } from './webhooks/delivery-queue';
export { type Backlog, DeliveryBacklog } from './webhooks/delivery-backlog';
export type { DeliveryTables } from './webhooks/queue-tables';
export { Sender } from './webhooks/sender';
export { WebhookDeliveries } from './webhooks/webhook-deliveries';
export { Webhooks } from './webhooks/webhooks';
export { WEBHOOK_DELIVERIES, webhookHandlers, type WebhookRefusal } from './webhooks/webhook-handlers';
