import { type Dispatcher, Pool } from 'undici';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the base URL, segment by segment, not yet encoded. */
  readonly path: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** In place of the transport's own; ms. */
  readonly timeoutMs?: number;
}

/**
 * How a request went. The line between the last two is what everything above rests on: `not-sent` is only
 * said of a request of which no byte was written. Own code on purpose: HTTP and OAuth clients report both as
 * errors alike, and a command that may have reached a lock is not sent again unseen.
 */
export type Exchange =
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly body: string;
    }
  | { readonly kind: 'not-sent'; readonly reason: string }
  | { readonly kind: 'lost'; readonly reason: string };

export interface TransportOptions {
  /** For the whole of a request, waiting for a connection included; ms of wall time. */
  readonly timeoutMs: number;
  readonly connections: number;
  /** Answers longer than this are not read to their end; bytes. */
  readonly maxBodyBytes: number;
  /** Sent with each request besides its own. */
  readonly headers?: (() => Readonly<Record<string, string>>) | undefined;
}

export const transportDefaults: TransportOptions = {
  timeoutMs: 10_000,
  connections: 32,
  maxBodyBytes: 16 * 1024 * 1024,
};

/** Keep-alive connections to one server, and requests on them that always come to an end. */
export class Transport {
  readonly #pool: Pool;
  readonly #prefix: string;
  readonly #options: TransportOptions;

  constructor(baseUrl: string, options: Partial<TransportOptions> = {}) {
    const url = new URL(baseUrl);
    this.#options = { ...transportDefaults, ...options };
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.#pool = new Pool(url.origin, {
      connections: this.#options.connections,
      pipelining: 1,
      connect: { timeout: this.#options.timeoutMs },
    });
  }

  exchange(request: HttpRequest): Promise<Exchange> {
    return new Promise((resolve) => {
      const { timeoutMs = this.#options.timeoutMs } = request;
      const call = new Call({ ...this.#options, timeoutMs }, resolve);
      try {
        this.#pool.dispatch(
          {
            method: request.method,
            path: [this.#prefix, ...request.path.map(segment)].join('/'),
            headers: { ...request.headers, ...this.#options.headers?.() },
            body: request.body ?? null,
          },
          call,
        );
      } catch (error) {
        call.fail(error);
      }
    });
  }

  /** Drops what is in flight. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

class Call implements Dispatcher.DispatchHandler {
  readonly #options: TransportOptions;
  readonly #resolve: (exchange: Exchange) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | null = null;
  #bytes = 0;
  #status = 0;
  #headers: Readonly<Record<string, string | string[] | undefined>> = {};
  #settled = false;

  constructor(options: TransportOptions, resolve: (exchange: Exchange) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#timer = setTimeout(() => this.#giveUp('no answer in time'), options.timeoutMs);
  }

  /** undici calls this right before the first byte is written, never earlier. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#settled) controller.abort(new Error('given up before it was sent'));
    else this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.maxBodyBytes) this.#giveUp('the answer is too long');
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#settle({
      kind: 'response',
      status: this.#status,
      headers: this.#headers,
      body: Buffer.concat(this.#chunks).toString('utf8'),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  fail(error: unknown): void {
    const reason = reasonOf(error);
    this.#settle(this.#controller === null ? { kind: 'not-sent', reason } : { kind: 'lost', reason });
  }

  #giveUp(reason: string): void {
    const controller = this.#controller;
    this.#settle(controller === null ? { kind: 'not-sent', reason } : { kind: 'lost', reason });
    controller?.abort(new Error(reason));
  }

  #settle(exchange: Exchange): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#resolve(exchange);
  }
}

/** Dots alone are no name but a way up, even percent-encoded: they are encoded twice, and so name nothing. */
const segment = (text: string): string =>
  /^\.{1,2}$/.test(text) ? text.replaceAll('.', '%252E') : encodeURIComponent(text);

/** Only the error's code: messages of the network stack may quote what was sent or received. */
function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[A-Z0-9_]{2,48}$/.test(code) ? code : 'connection failed';
}
