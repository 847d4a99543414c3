import { type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import { type RpcError } from './rpc-error';

type Call = ServerWritableStream<never, Buffer> | ServerDuplexStream<never, Buffer>;

/** A call's queue counts messages, whatever their size; with more bytes than this in it, a writer waits too. */
const MOST_QUEUED_BYTES = 256 * 1024;

/**
 * The answering side of a streaming call. A writer waits while the client is slow to take what was sent, so what is
 * buffered for a client stays small.
 */
export class ResponseStream {
  private readonly endings = new Set<() => void>();
  private finished = false;
  private queuedBytes = 0;
  private isQueueFull = false;
  private draining: Promise<void> | undefined;
  private drained: (() => void) | undefined;

  constructor(private readonly call: Call) {
    const over = (): void => this.over();
    call.on('cancelled', over);
    call.on('close', over);
    // Not passing errors on would end the process; the client has been told, or is gone.
    call.on('error', over);
    call.on('drain', () => {
      this.isQueueFull = false;
      this.drainIfRoomy();
    });
  }

  get isOpen(): boolean {
    return !this.finished;
  }

  /** Sends a message; resolves once more may be sent, at the latest when the call is over. */
  write(message: Buffer): Promise<void> | undefined {
    if (this.finished) return undefined;
    this.queuedBytes += message.length;
    this.isQueueFull = !this.call.write(message, () => {
      this.queuedBytes -= message.length;
      this.drainIfRoomy();
    });
    if (this.isRoomy) return undefined;
    this.draining ??= new Promise((resolve) => (this.drained = resolve));
    return this.draining;
  }

  private get isRoomy(): boolean {
    return this.finished || (!this.isQueueFull && this.queuedBytes <= MOST_QUEUED_BYTES);
  }

  private drainIfRoomy(): void {
    if (!this.drained || !this.isRoomy) return;
    const resolve = this.drained;
    this.draining = undefined;
    this.drained = undefined;
    resolve();
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
    this.drainIfRoomy();
    for (const ending of [...this.endings]) ending();
    this.endings.clear();
  }
}
