import { type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import { type RpcError } from './rpc-error';

type Call = ServerWritableStream<never, Buffer> | ServerDuplexStream<never, Buffer>;

/**
 * The answering side of a streaming call. A writer waits while the client is slow to take what was sent, so what is
 * buffered for a client stays small.
 */
export class ResponseStream {
  private readonly endings = new Set<() => void>();
  private finished = false;
  private draining: Promise<void> | undefined;

  constructor(private readonly call: Call) {
    const over = (): void => this.over();
    call.on('cancelled', over);
    call.on('close', over);
    // Not passing errors on would end the process; the client has been told, or is gone.
    call.on('error', over);
  }

  get isOpen(): boolean {
    return !this.finished;
  }

  /** Sends a message; resolves once more may be sent, at the latest when the call is over. */
  write(message: Buffer): Promise<void> | undefined {
    if (this.finished || this.call.write(message)) return undefined;
    this.draining ??= new Promise((resolve) => {
      const done = (): void => {
        this.draining = undefined;
        this.endings.delete(done);
        this.call.off('drain', done);
        resolve();
      };
      this.call.on('drain', done);
      this.endings.add(done);
    });
    return this.draining;
  }

  /** Calls `listener` once when the call is over, for whatever reason; at once if it is. */
  onEnd(listener: () => void): void {
    if (this.finished) listener();
    else this.endings.add(listener);
  }

  end(): void {
    if (this.finished) return;
    this.call.end();
    this.over();
  }

  fail(error: RpcError): void {
    if (this.finished) return;
    this.call.emit('error', error);
    this.over();
  }

  private over(): void {
    if (this.finished) return;
    this.finished = true;
    for (const ending of [...this.endings]) ending();
    this.endings.clear();
  }
}
