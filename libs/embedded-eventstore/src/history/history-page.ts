import { uuidText } from '@latchkey/eventstore-wire';
import { STORED_TOMBSTONE_REVISION, type StoredEvent, TOMBSTONE_REVISION } from '../storage/stored-event';

/** Many events as they are kept, one after the other in one message: an event by itself costs several times as much. */
export interface HistoryPage {
  readonly events: readonly HistoryEvent[];
  /** Everything up to this position has been looked at. */
  readonly upTo: number;
}

/** An event of a page. What is asked of it is read from the page's bytes then: nothing else is made of it. */
export interface HistoryEvent {
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
  /** Commit and prepare position are the same number. */
  readonly position: number;
  /** When it was appended, ms since 1970. */
  readonly created: number;
  readonly isJson: boolean;
  /** Views of the page's bytes. */
  readonly data: Buffer;
  readonly metadata: Buffer;
  /** The same as text. */
  readonly dataText: string;
  readonly metadataText: string;
}

/** A page begins with `upTo` (a double). */
const PAGE_HEAD = 8;
/** Position, revision, created (doubles), id (16 bytes), whether it is JSON, and the lengths of what follows. */
const EVENT_HEAD = 3 * 8 + 16 + 1 + 4 * 4;

export function encodePage(events: readonly StoredEvent[], upTo: number): Buffer {
  const named = events.map((event) => ({
    event,
    stream: Buffer.from(event.stream),
    type: Buffer.from(event.type),
  }));
  const size = named.reduce(
    (sum, { event, stream, type }) =>
      sum + EVENT_HEAD + stream.length + type.length + event.data.length + event.metadata.length,
    PAGE_HEAD,
  );
  const page = Buffer.allocUnsafe(size);
  let at = page.writeDoubleLE(upTo, 0);
  const put = (bytes: Uint8Array): void => {
    page.set(bytes, at);
    at += bytes.length;
  };
  for (const { event, stream, type } of named) {
    for (const number of [event.position, event.revision, event.created]) at = page.writeDoubleLE(number, at);
    put(event.id);
    at = page.writeUInt8(event.isJson ? 1 : 0, at);
    const parts = [stream, type, event.data, event.metadata];
    for (const part of parts) at = page.writeUInt32LE(part.length, at);
    for (const part of parts) put(part);
  }
  return page;
}

/** @throws RangeError when the bytes are no page */
export function decodePage(page: Buffer): HistoryPage {
  const upTo = page.readDoubleLE(0);
  const events: HistoryEvent[] = [];
  for (let at = PAGE_HEAD; at < page.length;) {
    const event = new EventInPage(page, at);
    at = event.end;
    if (at > page.length) throw new RangeError('the page ends within an event');
    events.push(event);
  }
  return { events, upTo };
}

class EventInPage implements HistoryEvent {
  private readonly typeAt: number;
  private readonly dataAt: number;
  private readonly metadataAt: number;
  readonly end: number;

  constructor(
    private readonly page: Buffer,
    private readonly at: number,
  ) {
    const lengths = at + EVENT_HEAD - 16;
    this.typeAt = at + EVENT_HEAD + page.readUInt32LE(lengths);
    this.dataAt = this.typeAt + page.readUInt32LE(lengths + 4);
    this.metadataAt = this.dataAt + page.readUInt32LE(lengths + 8);
    this.end = this.metadataAt + page.readUInt32LE(lengths + 12);
  }

  get position(): number {
    return this.page.readDoubleLE(this.at);
  }

  get revision(): number {
    const revision = this.page.readDoubleLE(this.at + 8);
    return revision === STORED_TOMBSTONE_REVISION ? Number(TOMBSTONE_REVISION) : revision;
  }

  get created(): number {
    return this.page.readDoubleLE(this.at + 16);
  }

  get id(): string {
    return uuidText(this.page.subarray(this.at + 24, this.at + 40));
  }

  get isJson(): boolean {
    return this.page[this.at + 40] === 1;
  }

  get stream(): string {
    return this.page.toString('utf8', this.at + EVENT_HEAD, this.typeAt);
  }

  get type(): string {
    return this.page.toString('utf8', this.typeAt, this.dataAt);
  }

  get data(): Buffer {
    return this.page.subarray(this.dataAt, this.metadataAt);
  }

  get metadata(): Buffer {
    return this.page.subarray(this.metadataAt, this.end);
  }

  get dataText(): string {
    return this.page.toString('utf8', this.dataAt, this.metadataAt);
  }

  get metadataText(): string {
    return this.page.toString('utf8', this.metadataAt, this.end);
  }
}
