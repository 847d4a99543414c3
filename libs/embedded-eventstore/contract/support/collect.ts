const PATIENCE_MS = 15_000;

/** Everything a finite stream yields, in order. Rejects with the stream's error. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** What the client's subscriptions of every kind have in common. */
export type SubscriptionOf<T> = AsyncIterable<T> & {
  on(event: string | symbol, listener: (...args: unknown[]) => void): unknown;
  unsubscribe(): Promise<void>;
};

/**
 * What a subscription has delivered so far, and the notices it emitted. Every item is handed to
 * `onItem` first, so that a consumer acknowledges in the order of delivery.
 */
export class Inbox<T> {
  readonly items: T[] = [];
  /** How many items had come when `caughtUp` was emitted, once for each time. */
  readonly caughtUpAfter: number[] = [];
  confirmed = false;
  error: Error | undefined;
  ended = false;
  private waiting: (() => void)[] = [];

  constructor(
    readonly source: SubscriptionOf<T>,
    onItem?: (item: T) => void,
  ) {
    source.on('data', (item) => {
      this.items.push(item as T);
      onItem?.(item as T);
      this.wake();
    });
    source.on('caughtUp', () => {
      this.caughtUpAfter.push(this.items.length);
      this.wake();
    });
    source.on('confirmation', () => {
      this.confirmed = true;
      this.wake();
    });
    source.on('error', (error) => {
      this.error = error as Error;
      this.wake();
    });
    source.on('end', () => {
      this.ended = true;
      this.wake();
    });
  }

  /** Waits for `count` items in all and answers them; rejects on an error or when none come. */
  async atLeast(count: number): Promise<T[]> {
    await this.until(() => this.items.length >= count, `${count} items`);
    return this.items;
  }

  /** Waits for the subscription to have been confirmed. */
  async confirmation(): Promise<void> {
    await this.until(() => this.confirmed, 'the confirmation');
  }

  /** Waits for the first caught-up notice. */
  async caughtUp(): Promise<void> {
    await this.until(() => this.caughtUpAfter.length > 0, 'caught up');
  }

  /** Waits for the subscription to fail and answers how. */
  async failure(): Promise<Error> {
    await this.until(() => this.error !== undefined, 'an error', true);
    return this.error!;
  }

  /** Ends the subscription. */
  async close(): Promise<void> {
    await this.source.unsubscribe();
  }

  /** Waits for a condition on this inbox, looked at whenever something comes. */
  async until(condition: () => boolean, what: string, errorIsFine = false): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!condition()) {
      if (this.error !== undefined && !errorIsFine) throw this.error;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited for ${what}, have ${this.items.length} items`);
      await this.somethingOr(left);
    }
  }

  private somethingOr(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Asks again, in real time, until the answer satisfies: for what a node does by its own clock. */
export async function eventually<T>(ask: () => Promise<T>, satisfies: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (satisfies(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`never satisfied; last answer: ${show(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));
}

/** The error a promise rejects with; fails when it does not reject. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: number }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a rejection');
}
