import { uuidText } from '../protocol/uuid';
import { STORED_TOMBSTONE_REVISION, type StoredEvent, TOMBSTONE_REVISION } from '../storage/stored-event';

/** Many events as they are kept, one after the other in one message: an event by itself costs several times as much. */
export interface HistoryPage {
  readonly events: readonly HistoryEvent[];
  /** Everything up to this position has been looked at. */
  readonly upTo: number;
}

/** An event of a page. */
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
    const head = at;
    at += EVENT_HEAD;
    const next = (nth: number): Buffer => {
      const length = page.readUInt32LE(head + 41 + 4 * nth);
      if (at + length > page.length) throw new RangeError('the page ends within an event');
      return page.subarray(at, (at += length));
    };
    const revision = page.readDoubleLE(head + 8);
    events.push({
      position: page.readDoubleLE(head),
      revision: revision === STORED_TOMBSTONE_REVISION ? Number(TOMBSTONE_REVISION) : revision,
      created: page.readDoubleLE(head + 16),
      id: uuidText(page.subarray(head + 24, head + 40)),
      isJson: page[head + 40] === 1,
      stream: next(0).toString('utf8'),
      type: next(1).toString('utf8'),
      data: next(2),
      metadata: next(3),
    });
  }
  return { events, upTo };
}
