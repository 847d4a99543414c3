import { type EventStoreDBClient, type Position, START, streamNameFilter } from '@eventstore/db-client';
import { setTimeout as delay } from 'node:timers/promises';
import { type KillRunWriter } from './kill-run-writer';

interface Received {
  readonly event?: {
    readonly streamId: string;
    readonly revision: bigint;
    readonly position?: Position;
    readonly data: unknown;
  };
}

interface Source extends AsyncIterable<Received> {
  unsubscribe(): Promise<void>;
}

/** Subscribes, again from where it was whenever it is cut off, and notes what it sees. */
export class KillRunReader {
  /** Numbers seen in each stream, in the order in which they came. */
  private readonly seen = new Map<string, number[]>();
  private count = 0;
  private distinct = 0;
  private position: Position | typeof START = START;
  private revision: bigint | typeof START = START;
  private stopping = false;
  private source: Source | undefined;
  private readonly done: Promise<void>;

  constructor(
    private readonly client: EventStoreDBClient,
    private readonly prefix: string,
    /** One stream; else `$all`. */
    private readonly stream: string | undefined,
    /** Consumes this group, acknowledging; else a catch-up subscription. */
    private readonly group: string | undefined,
  ) {
    this.done = this.run();
  }

  streamCount(writers: readonly KillRunWriter[]): number {
    return this.mine(writers).reduce((sum, writer) => sum + writer.acknowledged, 0);
  }

  /** Waits, in real time since the node is another process, until so many events have come, or for `within` ms. */
  async until(count: number, within: number): Promise<void> {
    for (const end = Date.now() + within; this.count < count && Date.now() < end;) await delay(10);
  }

  async untilDistinct(count: number, within: number): Promise<void> {
    for (const end = Date.now() + within; this.distinct < count && Date.now() < end;) await delay(10);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.source?.unsubscribe().catch(() => undefined);
    await this.done;
  }

  /** Events it should have seen once and in order, and did not. */
  faults(writers: readonly KillRunWriter[]): string[] {
    return this.mine(writers).flatMap(({ stream, acknowledged }) => {
      const numbers = this.seen.get(stream) ?? [];
      const wrong = numbers.findIndex((n, index) => n !== index);
      if (wrong >= 0) return [`${stream}: ${numbers[wrong]} came as number ${wrong}`];
      return numbers.length < acknowledged ? [`${stream}: ${numbers.length} of ${acknowledged} came`] : [];
    });
  }

  /** Events that never came, not even once. */
  undelivered(writers: readonly KillRunWriter[]): string[] {
    return this.mine(writers).flatMap(({ stream, acknowledged }) => {
      const numbers = new Set(this.seen.get(stream));
      return Array.from({ length: acknowledged }, (_, n) => n)
        .filter((n) => !numbers.has(n))
        .map((n) => `${stream} ${n}`);
    });
  }

  private mine(writers: readonly KillRunWriter[]): KillRunWriter[] {
    return writers.filter(({ stream }) => this.stream === undefined || stream === this.stream);
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.read();
      } catch {
        // Cut off: go on from where it was.
      }
      if (!this.stopping) await delay(20);
    }
  }

  private async read(): Promise<void> {
    if (this.group !== undefined) {
      const consumed = this.client.subscribeToPersistentSubscriptionToAll(this.group, { bufferSize: 50 });
      this.source = consumed;
      for await (const resolved of consumed) {
        this.note(resolved);
        await consumed.ack(resolved);
      }
      return;
    }
    const source: Source =
      this.stream === undefined
        ? this.client.subscribeToAll({
            fromPosition: this.position,
            filter: streamNameFilter({ prefixes: [this.prefix] }),
          })
        : this.client.subscribeToStream(this.stream, { fromRevision: this.revision });
    this.source = source;
    for await (const resolved of source) this.note(resolved);
  }

  private note({ event }: Received): void {
    if (!event) return;
    const { n } = event.data as { n: number };
    const numbers = this.seen.get(event.streamId) ?? [];
    this.seen.set(event.streamId, numbers);
    if (this.group === undefined || !numbers.includes(n)) this.distinct += 1;
    numbers.push(n);
    this.count += 1;
    this.position = event.position ?? this.position;
    this.revision = event.revision;
  }
}
