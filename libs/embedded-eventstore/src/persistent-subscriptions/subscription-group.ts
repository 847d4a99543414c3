import { RpcError } from '../protocol/rpc-error';
import { PageSize } from '../streams/page-size';
import { Checkpoints, isCheckpoint } from './checkpoints';
import { type Consumer } from './consumer';
import { consumerStrategy, type ConsumerStrategy } from './consumer-strategy';
import { groupDropped } from './errors';
import { type EventSource } from './event-source';
import { groupKey, type GroupDefinition } from './group-settings';
import { type Message, messageKey } from './message';
import { MessageBuffer } from './message-buffer';
import { ParkedMessages } from './parked-messages';
import { Progress } from './progress';
import { type SystemStreams } from './system-streams';

/** What a consumer says of messages it could not process. */
export type NackAction = 'park' | 'retry' | 'skip' | 'stop';

interface InFlight {
  readonly message: Message;
  /** Undefined once it has been taken back and is being parked. */
  consumer: Consumer | undefined;
  /** When its consumer has had it for too long, ms. */
  readonly expiresAt: number;
}

/**
 * A persistent subscription: it reads a source, shares the events among its consumers, has failed ones tried again or
 * parked, and remembers how far everything has been dealt with. History and news are both read from the log, beyond
 * one place, so there is no seam between them.
 */
export class SubscriptionGroup {
  readonly key: string;
  readonly consumers: Consumer[] = [];
  readonly parked: ParkedMessages;
  readonly progress: Progress;
  totalItems = 0;
  measuredItems = 0;
  readonly startedAt: number;
  private readonly checkpoints: Checkpoints;
  private readonly strategy: ConsumerStrategy;
  private readonly buffer: MessageBuffer;
  private readonly inFlight = new Map<string, InFlight>();
  private readonly pages = new PageSize();
  private readonly stopListening: () => void;
  private replay: { next: number; readonly stopAt: number } | undefined;
  private scheduled = false;
  private atEnd = false;
  private closed = false;

  constructor(
    private readonly streams: SystemStreams,
    private readonly source: EventSource,
    readonly definition: GroupDefinition,
  ) {
    this.key = groupKey(definition.stream, definition.group);
    this.checkpoints = new Checkpoints(streams, source, this.key);
    this.parked = new ParkedMessages(streams, this.key);
    this.strategy = consumerStrategy(definition.settings.strategy);
    this.buffer = new MessageBuffer(definition.settings.historyBufferSize);
    this.startedAt = streams.now();
    this.progress = new Progress(
      definition.settings,
      this.checkpoints.load(),
      definition.startAfter,
      this.startedAt,
    );
    this.stopListening = source.onChange(() => this.schedule());
    this.schedule();
  }

  get isFull(): boolean {
    const { maxSubscriberCount } = this.definition.settings;
    return maxSubscriberCount !== 0 && this.consumers.length >= maxSubscriberCount;
  }

  get isLive(): boolean {
    return this.atEnd;
  }

  get counts(): { ahead: number; retries: number; inFlight: number; outstanding: number } {
    const inFlight = this.consumers.reduce((sum, consumer) => sum + consumer.inFlight.size, 0);
    return {
      ahead: this.buffer.ahead.length,
      retries: this.buffer.retries.length,
      inFlight,
      outstanding: this.inFlight.size,
    };
  }

  join(consumer: Consumer): void {
    consumer.onReady = () => this.schedule();
    this.consumers.push(consumer);
    this.strategy.joined(this.consumers);
    this.schedule();
  }

  /** The consumer is gone: what it has not answered goes to others. */
  leave(consumer: Consumer): void {
    const index = this.consumers.indexOf(consumer);
    if (index < 0) return;
    this.consumers.splice(index, 1);
    this.strategy.left(consumer);
    for (const key of [...consumer.inFlight.keys()]) this.retryOrPark(key);
    this.schedule();
  }

  ack(keys: readonly string[]): void {
    for (const key of keys) this.settle(key);
    this.advance();
  }

  nack(keys: readonly string[], action: NackAction, reason: string): void {
    for (const key of keys) {
      if (action === 'retry') this.retryOrPark(key);
      else if (action === 'park') this.park(key, `Client explicitly NAK'ed message.\n${reason}`);
      // As on a real server, stop ends nothing: the message counts as dealt with.
      else this.settle(key);
    }
    this.advance();
  }

  /** Tries parked messages again, those with a revision below `stopAt`. */
  replayParked(stopAt: number | undefined): void {
    if (this.replay) return;
    this.replay = { next: 0, stopAt: Math.min(stopAt ?? Infinity, this.parked.end) };
    this.schedule();
  }

  /** Time has passed: overdue messages are taken back, and a checkpoint may be due. */
  tick(now: number): void {
    for (const [key, { consumer, expiresAt }] of this.inFlight) {
      if (!consumer) continue;
      // They are in the order in which they were sent, and all have the same time.
      if (expiresAt > now) break;
      this.retryOrPark(key);
      this.schedule();
    }
    this.checkpoint(true);
  }

  /** Ends the group as it stands; consumers are told why. */
  close(error: RpcError = groupDropped(this.definition.stream, this.definition.group)): void {
    if (this.closed) return;
    this.closed = true;
    this.stopListening();
    this.checkpoints.close();
    this.parked.close();
    for (const consumer of this.consumers.splice(0)) consumer.drop(error);
  }

  /** Forgets checkpoints and parked messages; runs inside the transaction. */
  deleteStreams(): void {
    this.checkpoints.delete();
    this.parked.delete();
  }

  private schedule(): void {
    if (this.scheduled || this.closed) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (this.closed) return;
      try {
        const mayBeMore = this.fill();
        this.fillFromParked();
        this.deliver();
        if (mayBeMore && this.wantsMore()) this.schedule();
      } catch (error) {
        this.streams.report(error);
        this.close(error instanceof RpcError ? error : undefined);
      }
    });
  }

  private advance(): void {
    this.deliver();
    this.checkpoint(false);
    if (this.wantsMore() || this.replay) this.schedule();
  }

  private wantsMore(): boolean {
    return this.buffer.room >= Math.min(this.definition.settings.readBatchSize, 32) && !this.atEnd;
  }

  /** Reads one page. @returns whether there may be more */
  private fill(): boolean {
    const room = Math.min(this.buffer.room, this.pages.current);
    if (room <= 0) {
      this.atEnd = false;
      return false;
    }
    const { resolveLinks } = this.definition.settings;
    const page = this.source.after(this.progress.read, room);
    this.pages.learn(page);
    for (const event of page) {
      const previous = this.progress.read;
      const place = this.source.placeOf(event);
      if (isCheckpoint(event)) {
        this.progress.pass(place);
        continue;
      }
      const sequence = this.progress.advance(place);
      if (!this.source.filter.matches(event)) continue;
      this.progress.lastKnown = place;
      const resolved = this.streams.reader.resolve(event, resolveLinks);
      this.buffer.add({ resolved, place, previous, sequence, retryCount: 0 });
    }
    this.atEnd = page.length === 0 || this.progress.read >= this.source.end();
    return !this.atEnd;
  }

  private fillFromParked(): void {
    const { replay } = this;
    if (!replay) return;
    const { readBatchSize } = this.definition.settings;
    const room = readBatchSize - this.buffer.retries.length;
    if (room <= 0) return;
    const events = this.parked.take(replay.next, replay.stopAt, room);
    for (const event of events) {
      const { event: original } = this.streams.reader.resolve(event, true);
      const resolved = { event: original, link: event };
      this.buffer.retry({
        resolved,
        place: Infinity,
        previous: Infinity,
        sequence: Infinity,
        retryCount: 0,
        parkedRevision: event.revision,
      });
      replay.next = event.revision + 1;
    }
    if (events.length === 0 || replay.next >= replay.stopAt) this.replay = undefined;
  }

  private deliver(): void {
    if (this.consumers.length === 0) return;
    const now = this.streams.now();
    for (const list of [this.buffer.retries, this.buffer.ahead]) {
      let index = 0;
      while (index < list.length) {
        const message = list[index]!;
        const key = messageKey(message);
        // Two events may have one id: the second waits until the first is answered.
        const choice = this.inFlight.has(key) ? 'later' : this.strategy.choose(this.consumers, message);
        if (choice === 'full') return;
        if (choice === 'later') {
          index += 1;
          continue;
        }
        this.buffer.remove(list, index);
        this.send(choice, key, message, now);
      }
    }
  }

  private send(consumer: Consumer, key: string, message: Message, now: number): void {
    const { messageTimeout } = this.definition.settings;
    const expiresAt = messageTimeout === 0 ? Infinity : now + messageTimeout;
    this.inFlight.set(key, { message, consumer, expiresAt });
    this.totalItems += 1;
    consumer.send(message);
  }

  /** Dealt with: nobody needs to see it again. */
  private settle(key: string): void {
    const taken = this.takeBack(key);
    if (!taken) return;
    this.inFlight.delete(key);
    if (taken.parkedRevision !== undefined) this.parked.settled(taken.parkedRevision);
    else this.progress.settled();
  }

  private retryOrPark(key: string): void {
    const message = this.inFlight.get(key)?.message;
    if (!message) return;
    const { maxRetryCount } = this.definition.settings;
    if (message.retryCount >= maxRetryCount) {
      this.park(key, `Reached retry count of ${maxRetryCount}`);
      return;
    }
    if (!this.takeBack(key)) return;
    this.inFlight.delete(key);
    this.buffer.retry({ ...message, retryCount: message.retryCount + 1 });
  }

  /** It stays in flight, so that no checkpoint passes it, until it is on the disk among the parked ones. */
  private park(key: string, reason: string): void {
    const message = this.takeBack(key);
    if (!message) return;
    this.parked.park(message, reason).then(
      () => {
        this.inFlight.delete(key);
        if (message.parkedRevision !== undefined) this.parked.settled(message.parkedRevision);
        else this.progress.settled();
        if (!this.closed) this.advance();
      },
      (error: unknown) => {
        this.streams.report(error);
        this.inFlight.delete(key);
        this.buffer.retry(message);
        this.schedule();
      },
    );
  }

  /** From its consumer. @returns undefined when it is not with one */
  private takeBack(key: string): Message | undefined {
    const entry = this.inFlight.get(key);
    if (!entry?.consumer) return undefined;
    entry.consumer.release(key);
    entry.consumer = undefined;
    return entry.message;
  }

  private checkpoint(timeIsUp: boolean): void {
    if (this.closed) return;
    const place = this.progress.checkpointDue(this.streams.now(), timeIsUp, () => this.firstUnsettled());
    if (place !== undefined) this.checkpoints.write(place);
  }

  /** The earliest message that has been sent but not dealt with; else the earliest that has not been sent. */
  private firstUnsettled(): Message | undefined {
    let first: Message | undefined;
    const consider = (message: Message): void => {
      if (message.parkedRevision === undefined && (!first || message.sequence < first.sequence)) {
        first = message;
      }
    };
    for (const { message } of this.inFlight.values()) consider(message);
    this.buffer.retries.forEach(consider);
    if (this.buffer.ahead[0]) consider(this.buffer.ahead[0]);
    return first;
  }
}
