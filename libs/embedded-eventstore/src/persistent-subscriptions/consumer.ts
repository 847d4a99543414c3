import { randomUUID } from 'node:crypto';
import { encodePersistentReadEvent, type UuidForm } from '../protocol/read-response';
import { type ResponseStream } from '../protocol/response-stream';
import { type RpcError } from '../protocol/rpc-error';
import { ProcessingTimes } from './processing-times';
import { type Message, messageKey } from './message';

/** Who connected, as clients ask to be told. */
export interface ConsumerIdentity {
  readonly connectionName: string;
  readonly user: string;
  readonly from: string;
}

/** What may wait to be sent to a consumer that reads slowly, bytes. */
const MOST_UNSENT = 1024 * 1024;

/** One connected consumer of a group, and what it has been sent but not answered. */
export class Consumer {
  readonly id = randomUUID();
  /** By message key. */
  readonly inFlight = new Map<string, Message>();
  readonly times: ProcessingTimes | undefined;
  /** Called when it can take more after it could not. */
  onReady: () => void = () => undefined;
  private unsent = 0;
  private draining = false;
  totalItems = 0;
  /** Total at the last time somebody asked. */
  measuredItems = 0;

  constructor(
    private readonly response: ResponseStream,
    readonly identity: ConsumerIdentity,
    /** The most messages it takes unanswered. */
    readonly bufferSize: number,
    private readonly uuids: UuidForm,
    extraStatistics: boolean,
    private readonly now: () => number,
  ) {
    this.times = extraStatistics ? new ProcessingTimes() : undefined;
  }

  get availableSlots(): number {
    return this.bufferSize - this.inFlight.size;
  }

  /** Has room, and has taken what it was sent before. */
  get canTake(): boolean {
    return this.availableSlots > 0 && this.unsent < MOST_UNSENT;
  }

  send(message: Message): void {
    const key = messageKey(message);
    this.inFlight.set(key, message);
    this.totalItems += 1;
    this.times?.begin(key, this.now());
    const bytes = encodePersistentReadEvent(message.resolved, this.uuids, message.retryCount);
    this.unsent += bytes.length;
    const drained = this.response.write(bytes);
    if (!drained) this.unsent = 0;
    else if (!this.draining) {
      this.draining = true;
      void drained.then(() => {
        this.draining = false;
        this.unsent = 0;
        this.onReady();
      });
    }
  }

  /** The message has been answered, or has been taken back. */
  release(key: string): void {
    if (this.inFlight.delete(key)) this.times?.end(key, this.now());
  }

  drop(error: RpcError): void {
    this.response.fail(error);
  }
}
