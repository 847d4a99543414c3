import type { RecordedEvent, WrittenEvent } from '../../event-store';

/** What an event is once it is read again. */
export type ReadAgain = Pick<RecordedEvent, 'data' | 'metadata'> & { readonly written: WrittenEvent };

/** How many appended events are remembered until they come back. */
const NOT_BACK_YET = 2_000;
/** The bytes of larger ones are not kept. */
const LARGEST = 16_384;

interface OwnEvent {
  readonly data: Buffer;
  readonly metadata: Buffer;
  readonly again: ReadAgain;
}

/**
 * The events that were appended here and have not come back yet, by their ids. To compare an event's bytes takes a tenth of
 * reading them, and what is read again is garbage soon.
 */
export class OwnEvents {
  private readonly events = new Map<string, OwnEvent>();

  /** @param data as it was sent, and so `metadata` */
  remember(id: string, data: Buffer, metadata: Buffer, again: ReadAgain): void {
    if (data.length + metadata.length > LARGEST) return;
    const { events } = this;
    events.set(id, { data, metadata, again });
    if (events.size <= NOT_BACK_YET) return;
    const [oldest] = events.keys();
    events.delete(oldest!);
  }

  /** @returns undefined where it is not to the letter what was sent. It comes back once. */
  take(id: string, data: Uint8Array, metadata: Uint8Array): ReadAgain | undefined {
    const sent = this.events.get(id);
    if (!sent) return undefined;
    this.events.delete(id);
    return sent.data.equals(data) && sent.metadata.equals(metadata) ? sent.again : undefined;
  }
}

/** Whether a value is what JSON makes of it: nothing is left out, and nothing turns into something else. */
export function isJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      return value === null || (Array.isArray(value) ? value.every(isJson) : isJsonObject(value));
    default:
      return false;
  }
}

function isJsonObject(value: object): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const name in value) if (!isJson((value as Record<string, unknown>)[name])) return false;
  return true;
}
