import { backOff, type Random } from '@latchkey/platform';
import type { EventSubscription, Position, SubscribeOptions } from '../event-store';
import type { Connection } from './connection';
import { Following } from './following';
import { meaning, StoreDamaged } from './outages';

/** A store that is back is followed again within the limit, ms. */
const RESUBSCRIBE = { first: 50, limit: 2_000 };

/** A catch-up subscription that outlives its connections. It ends by itself only where the store is damaged. */
export class Subscription implements EventSubscription {
  private stopped = false;
  private following: Following | undefined;
  private readonly done: Promise<void>;
  private wake: (() => void) | undefined;
  private last: Position | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly options: SubscribeOptions,
    private readonly random: Random,
    private readonly onStopped: () => void,
  ) {
    this.last = options.after;
    this.done = this.run();
  }

  flush(): void {
    this.following?.flush();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.wake?.();
    await this.following?.end();
    await this.done;
    this.onStopped();
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.stopped) {
      const before = this.last;
      try {
        await this.follow();
      } catch (error) {
        if (this.stopped) return;
        const meant = meaning(error);
        this.options.onError?.(meant);
        if (meant instanceof StoreDamaged) return;
      }
      if (this.stopped) return;
      failures = this.last === before ? failures + 1 : 0;
      const pause = backOff(failures, RESUBSCRIBE, this.random);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Follows over the current connection until it breaks. */
  private async follow(): Promise<void> {
    const streams = await this.connection.currentStreams();
    if (this.stopped) return;
    this.following = new Following(streams, this.connection, this.options, this.last);
    try {
      await this.following.untilBroken();
    } finally {
      this.last = this.following.last;
    }
  }
}
