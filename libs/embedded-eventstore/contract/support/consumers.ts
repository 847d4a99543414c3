import {
  type EventStoreDBClient,
  type PersistentSubscriptionToStreamResolvedEvent,
} from '@eventstore/db-client';
import { Inbox } from './collect';

type ConsumedEvent = PersistentSubscriptionToStreamResolvedEvent;

/** What a consumer does with a message when it comes. */
export type OnMessage = (consumer: Consumer, event: ConsumedEvent) => void;

/** Acknowledges every message as it comes. */
export const acknowledge: OnMessage = (consumer, event) => void consumer.subscription.ack(event);

/** Leaves every message unanswered. */
export const keep: OnMessage = () => {};

/** A consumer of a persistent subscription and what it has been given. */
export class Consumer extends Inbox<ConsumedEvent> {
  private constructor(
    readonly subscription: ReturnType<EventStoreDBClient['subscribeToPersistentSubscriptionToStream']>,
    onMessage: OnMessage,
  ) {
    super(subscription, (event) => {
      onMessage(this, event);
    });
  }

  /** Joins a group on a stream, or on $all when no stream is given, and waits to be confirmed. */
  static async join(
    client: EventStoreDBClient,
    { stream, group, bufferSize = 10 }: { stream?: string; group: string; bufferSize?: number },
    onMessage: OnMessage = acknowledge,
  ): Promise<Consumer> {
    const subscription =
      stream === undefined
        ? client.subscribeToPersistentSubscriptionToAll(group, { bufferSize })
        : client.subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize });
    const consumer = new Consumer(subscription, onMessage);
    await consumer.confirmation();
    return consumer;
  }

  /** The numbers that the messages so far carry, in the order of delivery. */
  get numbers(): number[] {
    return this.items.map(({ event }) => (event?.data as { n: number }).n);
  }

  get retryCounts(): number[] {
    return this.items.map(({ retryCount }) => retryCount);
  }
}
