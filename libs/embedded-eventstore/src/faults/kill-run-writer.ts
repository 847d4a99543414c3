import { ANY, type EventData, type EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** A client may wait for ever for an append that was cut off: ask again after this, ms. */
const ASK_AGAIN_AFTER = 2000;

/** Appends numbered events to a stream of its own, each until it is acknowledged. */
export class KillRunWriter {
  /** Events 0 up to, not including, this one have been acknowledged. */
  acknowledged = 0;
  private stopping = false;
  private readonly done: Promise<void>;

  constructor(
    private readonly client: EventStoreDBClient,
    readonly stream: string,
    /** Names the revision it expects; else repeats are known by their event ids alone. */
    private readonly expects: boolean,
  ) {
    this.done = this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.done;
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const n = this.acknowledged;
      const event = jsonEvent({ id: randomUUID(), type: 'Numbered', data: { n, filler: 'x'.repeat(200) } });
      // Real time: the node is another process, which is being started again.
      while (!(await this.append(event, n))) await delay(10);
      this.acknowledged = n + 1;
    }
  }

  private async append(event: EventData, n: number): Promise<boolean> {
    const expectedRevision = !this.expects ? ANY : n === 0 ? NO_STREAM : BigInt(n - 1);
    const timeout = new AbortController();
    try {
      return await Promise.race([
        this.client.appendToStream(this.stream, event, { expectedRevision }).then(({ success }) => success),
        delay(ASK_AGAIN_AFTER, false, { signal: timeout.signal }),
      ]);
    } catch {
      return false;
    } finally {
      timeout.abort();
    }
  }
}
