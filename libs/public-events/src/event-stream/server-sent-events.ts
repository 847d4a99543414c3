import type { Readable } from 'node:stream';
import { PassThrough } from 'node:stream';
import type { SeamEvent } from '../public-event';

/** How long a client waits before it connects again, ms. */
const RETRY_MS = 2_000;

/** Why a stream ends while its client listens; the last message says so. */
export type EndReason = 'too_slow' | 'unauthorized' | 'service_unavailable';

const ENDINGS: Readonly<Record<EndReason, string>> = {
  too_slow: 'Nothing was taken of the stream for too long. Connect again after the last event.',
  unauthorized: 'The API key is not valid any more.',
  service_unavailable: 'The stream ends here. Connect again after the last event.',
};

/** A stream of server-sent events, as they go over the wire. */
export class ServerSentEvents {
  private readonly out = new PassThrough();
  /** Aborts once the client has gone, or the stream was ended. */
  readonly over: AbortSignal;

  constructor() {
    const over = new AbortController();
    this.over = over.signal;
    this.out.once('close', () => over.abort());
    // A client that disconnects during an answer is not an error.
    this.out.on('error', () => undefined);
    this.out.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** What the client is sent. */
  get body(): Readable {
    return this.out;
  }

  /** @returns whether the client takes more now; if not, `taken` says when */
  send(events: readonly SeamEvent[]): boolean {
    const text = events.map((event) => `id: ${event.event_id}\ndata: ${JSON.stringify(event)}\n\n`).join('');
    return this.out.write(text);
  }

  /** Keeps the connection open, and finds out whether it is. */
  heartbeat(): boolean {
    return this.out.write(': heartbeat\n\n');
  }

  /** Resolves when the client has taken what was sent: true, or false when it has not after this long, ms. */
  taken(withinMs: number): Promise<boolean> {
    const { out } = this;
    if (!out.writableNeedDrain || out.destroyed) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (taken: boolean) => () => {
        clearTimeout(timer);
        out.off('drain', onTaken);
        out.off('close', onTaken);
        resolve(taken);
      };
      const onTaken = done(true);
      const timer = setTimeout(done(false), withinMs);
      out.once('drain', onTaken);
      out.once('close', onTaken);
    });
  }

  /** Ends with a last message that says why. */
  end(reason: EndReason): void {
    const body = { type: reason, message: ENDINGS[reason] };
    this.out.end(`event: stream_ended\ndata: ${JSON.stringify(body)}\n\n`);
  }
}
