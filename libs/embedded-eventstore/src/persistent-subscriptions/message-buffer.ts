import { type Message, messageBytes } from './message';

/** Messages read ahead of the consumers may take this much memory, bytes. */
const MOST_BYTES = 8 * 1024 * 1024;

/** The messages that wait for a consumer: first those that are tried again, then those read ahead, each in order. */
export class MessageBuffer {
  readonly retries: Message[] = [];
  readonly ahead: Message[] = [];
  private bytes = 0;

  constructor(private readonly capacity: number) {}

  /** How many more messages may be read ahead. */
  get room(): number {
    if (this.bytes >= MOST_BYTES && this.ahead.length > 0) return 0;
    return Math.max(0, this.capacity - this.ahead.length - this.retries.length);
  }

  add(message: Message): void {
    this.ahead.push(message);
    this.bytes += messageBytes(message);
  }

  /** Before those with a later place; a message that was parked goes to the end. */
  retry(message: Message): void {
    if (message.parkedRevision !== undefined) {
      this.retries.push(message);
      return;
    }
    const at = this.retries.findIndex(
      (other) => other.parkedRevision !== undefined || other.place > message.place,
    );
    if (at < 0) this.retries.push(message);
    else this.retries.splice(at, 0, message);
  }

  remove(list: Message[], index: number): void {
    const [message] = list.splice(index, 1);
    if (message && list === this.ahead) this.bytes -= messageBytes(message);
  }
}
