import { backOff, CryptoRandom, othersTurn, type Random } from '@latchkey/platform';
import {
  comparePositions,
  EVENTS_IN_A_BATCH,
  type EventStore,
  eventsBeyond,
  type EventSubscription,
  type Position,
  type RecordedEvent,
  type SubscribeOptions,
} from './event-store';

/** How many batches the slowest member may be behind the others before they wait for it, or go on without it. */
const BATCHES_BEHIND = 8;
/** The same where batches are large: what waits is in memory, and outlives the young generation. */
const LARGE_BATCHES_BEHIND = 1;
/** What a member could not take is offered to it again after this long, ms. */
const RETRY = { first: 50, limit: 5_000 };

/**
 * One subscription for several that follow the same events: each event comes over the wire and is decoded once.
 * Each member has its own place, pace and failures.
 */
export class SharedSubscription {
  private readonly members = new Set<Member>();
  private source: EventSubscription | undefined;

  private readonly random: Random;

  constructor(
    private readonly store: Pick<EventStore, 'subscribeToAll'>,
    private readonly options: {
      /** How long what failed waits before it is tried again. */
      readonly random?: Random;
      /** How long, ms, events may gather before the members get them; 0 when left out. */
      readonly linger?: () => number;
    } = {},
  ) {
    this.random = options.random ?? new CryptoRandom();
  }

  /** Takes part from `open` on. */
  join(options: SubscribeOptions): EventSubscription {
    const alone = (of: SubscribeOptions): EventSubscription => this.store.subscribeToAll(of);
    const member = new Member(options, alone, this.random, async () => {
      this.members.delete(member);
      if (this.members.size === 0) await this.source?.stop();
    });
    this.members.add(member);
    return member;
  }

  /** Begins at the position of the member that is furthest behind; without members there is nothing to follow. */
  open(): void {
    if (this.members.size === 0) return;
    const each = [...this.members].map(({ options }) => options);
    this.source = this.store.subscribeToAll({
      after: earliest(each.map(({ after }) => after)),
      prefixes: [...new Set(each.flatMap(({ prefixes }) => prefixes))],
      batch: () => Math.max(...[...this.members].map(({ batch }) => batch)),
      ...(this.options.linger && { linger: this.options.linger }),
      onEvents: (events) => this.offer(events),
      onCheckpoint: (position) => this.offer([position]),
      onCaughtUp: () => void this.offer(['caught-up']),
      onError: (error) => each.forEach(({ onError }) => onError?.(error)),
    });
  }

  /** Hands over at once what was gathering. */
  flush(): void {
    this.source?.flush();
  }

  private async offer(items: readonly Item[]): Promise<void> {
    await Promise.all([...this.members].map((member) => member.offer(items)));
  }
}

function earliest(positions: readonly (Position | undefined)[]): Position | undefined {
  let first = positions[0];
  for (const position of positions) {
    if (first && (!position || comparePositions(position, first) < 0)) first = position;
  }
  return first;
}

/** What comes, in order: an event, how far the store has looked, or that history is behind. */
type Item = RecordedEvent | Position | 'caught-up';

const isEvent = (item: Item): item is RecordedEvent => typeof item === 'object' && 'position' in item;

const isPlace = (item: Item | undefined): item is Position => typeof item === 'object' && !isEvent(item);

class Member implements EventSubscription {
  private readonly queue: Item[] = [];
  private after: Position | undefined;
  private working: Promise<void> | undefined;
  private stopped = false;
  private begin: (() => void) | undefined;
  private gathering = false;
  private alone: EventSubscription | undefined;
  private waitingForRoom: (() => void)[] = [];

  constructor(
    readonly options: SubscribeOptions,
    private readonly subscribe: (options: SubscribeOptions) => EventSubscription,
    private readonly random: Random,
    private readonly leave: () => Promise<void>,
  ) {
    this.after = options.after;
  }

  /** Resolves when there is room for more. */
  async offer(items: readonly Item[]): Promise<void> {
    if (this.stopped || this.alone) return;
    // How far the store has looked is useless where more has come since; each would end a batch. At the end of history
    // it is where a later start goes on.
    if (items[0] !== 'caught-up') while (isPlace(this.queue.at(-1))) this.queue.pop();
    this.queue.push(...items);
    if (this.gathering && this.hasBatch) this.begin?.();
    this.working ??= this.work();
    if (this.isFull) await new Promise<void>((room) => this.waitingForRoom.push(room));
  }

  flush(): void {
    this.begin?.();
    this.alone?.flush();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.flush();
    this.makeRoom();
    await this.working;
    await this.alone?.stop();
    await this.leave();
  }

  /** As many events as it takes together at most. */
  get batch(): number {
    return this.options.batch?.() ?? EVENTS_IN_A_BATCH;
  }

  /** It can't be given more before it has taken some. */
  private get isFull(): boolean {
    const { batch } = this;
    const behind = batch > EVENTS_IN_A_BATCH ? LARGE_BATCHES_BEHIND : BATCHES_BEHIND;
    return this.queue.length >= behind * batch;
  }

  private isNew(position: Position): boolean {
    return !this.after || comparePositions(position, this.after) > 0;
  }

  private async work(): Promise<void> {
    let failures = 0;
    while (!this.stopped && this.queue.length > 0) {
      if (!this.hasBatch) await this.gather();
      if (this.stopped) break;
      try {
        await this.handNext();
        failures = 0;
        // Folding may have taken nothing but this turn of the event loop: whatever else has come goes first.
        if (this.queue.length > 0) await othersTurn();
      } catch (error) {
        if (this.stopped) break;
        this.options.onError?.(error);
        if (this.isFull) {
          this.goAlone();
          break;
        }
        await this.pause(backOff(failures++, RETRY, this.random));
      }
      if (!this.isFull) this.makeRoom();
    }
    this.working = undefined;
  }

  /** It keeps failing, and the others would have to wait for it: it follows by itself from where it is. */
  private goAlone(): void {
    this.queue.length = 0;
    this.alone = this.subscribe({ ...this.options, after: this.after });
    this.makeRoom();
  }

  private async handNext(): Promise<void> {
    const first = this.queue[0]!;
    if (first === 'caught-up') {
      this.queue.shift();
      this.options.onCaughtUp?.();
    } else if (isEvent(first)) {
      const most = this.batch;
      const other = this.queue.findIndex((item, index) => index === most || !isEvent(item));
      const batch = this.queue.slice(0, other === -1 ? undefined : other) as RecordedEvent[];
      const unseen = eventsBeyond(this.after, batch);
      if (unseen.length > 0) await this.options.onEvents(unseen);
      if (unseen.length > 0) this.after = unseen.at(-1)!.position;
      this.queue.splice(0, batch.length);
    } else {
      if (this.isNew(first)) {
        await this.options.onCheckpoint?.(first);
        this.after = first;
      }
      // It may have been taken out meanwhile.
      if (this.queue[0] === first) this.queue.shift();
    }
  }

  /** Waiting would bring no larger batch. */
  private get hasBatch(): boolean {
    return this.queue.length >= this.batch || this.queue.at(-1) === 'caught-up';
  }

  private async gather(): Promise<void> {
    this.gathering = true;
    await this.pause(this.options.linger?.() ?? 0);
    this.gathering = false;
  }

  private pause(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.begin = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private makeRoom(): void {
    for (const room of this.waitingForRoom.splice(0)) room();
  }
}
