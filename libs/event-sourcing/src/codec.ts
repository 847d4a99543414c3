import { type z } from 'zod';
import type { Actor, EventMetadata, NewEvent, RecordedEvent } from './event-store';

/** A domain event as the domain sees it: a stable name and plain data. */
export interface DomainEvent {
  readonly type: string;
  readonly data: object;
}

/** A domain event with the instant (ms) at which it happened, by our clock. */
export type Happened<E extends DomainEvent> = E & { readonly at: number };

type Json = Record<string, unknown>;

/** How one type of event is written and read: its schema now, and the steps that bring older shapes up to it. */
export interface EventShape {
  readonly schema: z.ZodType<object>;
  /** upcasters[n] turns data of schema version n + 1 into version n + 2; the current version is length + 1. */
  readonly upcasters?: readonly ((data: Json) => Json)[];
}

/** An event that this version of the code can't read. */
export class UnreadableEvent extends Error {
  constructor(
    readonly event: RecordedEvent,
    reason: string,
  ) {
    super(`${event.type} ${event.id} in ${event.stream}@${event.revision} can't be read: ${reason}`);
  }
}

/**
 * An event that Latchkey did not write: anyone who may append to the event store can put one into our streams. It is
 * ignored in every stream, and is not folded.
 */
export class ForeignEvent extends UnreadableEvent {}

/** Between domain events and what is stored. Old shapes are upcast here and never reach the domain. */
export class EventCodec<E extends DomainEvent> {
  constructor(private readonly shapes: { readonly [T in E['type']]: EventShape }) {}

  knows(type: string): type is E['type'] {
    return Object.hasOwn(this.shapes, type);
  }

  /** Every type that it knows, with the schema version in which it is written now. */
  get written(): readonly { readonly type: E['type']; readonly schemaVersion: number }[] {
    const types = Object.keys(this.shapes) as E['type'][];
    return types.map((type) => ({ type, schemaVersion: currentVersion(this.shapes[type]) }));
  }

  encode(event: E, id: string, metadata: Omit<EventMetadata, 'schemaVersion'>): NewEvent {
    const shape = this.shapes[event.type as E['type']];
    return {
      id,
      type: event.type,
      data: event.data as Json,
      metadata: { ...metadata, schemaVersion: currentVersion(shape) },
    };
  }

  /**
   * @throws {ForeignEvent} when it is not one of ours
   * @throws {UnreadableEvent} when it is, and can't be read any more, or not yet
   */
  decode(event: RecordedEvent): Happened<E> {
    const known = ReadEvent.of(event);
    // Each event is decoded once, however many read it.
    const read = known?.by === this ? (known.as as Happened<E> | UnreadableEvent) : this.readOnce(event);
    if (known?.by !== this) ReadEvent.remember(event, { by: this, as: read });
    if (read instanceof UnreadableEvent) throw read;
    return read;
  }

  /** The same, but undefined for an event that is not one of ours. */
  decodeOwn(event: RecordedEvent): Happened<E> | undefined {
    try {
      return this.decode(event);
    } catch (error) {
      if (error instanceof ForeignEvent) return undefined;
      throw error;
    }
  }

  private readOnce(event: RecordedEvent): Happened<E> | UnreadableEvent {
    if (!this.knows(event.type)) return new ForeignEvent(event, 'unknown type');
    const foreign = event.forged ?? whyForeign(event.metadata);
    if (foreign !== undefined) return new ForeignEvent(event, foreign);
    const { schema, upcasters = [] } = this.shapes[event.type];
    const { schemaVersion: from, occurredAt } = event.metadata;
    if (from > upcasters.length + 1)
      return new UnreadableEvent(event, `schema version ${from} is newer than this code`);
    let data = event.data as Json;
    try {
      for (const upcast of upcasters.slice(from - 1)) data = upcast(data);
    } catch (error) {
      return new UnreadableEvent(event, `it can not be upcast: ${(error as Error).message}`);
    }
    const parsed = schema.safeParse(data);
    if (!parsed.success) {
      return new UnreadableEvent(
        event,
        parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`).join('; '),
      );
    }
    return { type: event.type, data: parsed.data, at: Date.parse(occurredAt) } as unknown as Happened<E>;
  }
}

/** As what an event was read, and by which codec. */
interface Read {
  readonly by: object;
  readonly as: unknown;
}

/** Makes a private field a field of whatever object is given. */
class Of {
  constructor(object: object) {
    return object;
  }
}

/**
 * What an event was read as is a private field of the event itself, which copies do not have. In a weak map whatever was
 * read would count as used until old objects are collected, long after its event is gone.
 */
class ReadEvent extends Of {
  #read: Read;

  private constructor(event: RecordedEvent, read: Read) {
    super(event);
    this.#read = read;
  }

  static of(event: object): Read | undefined {
    return #read in event ? event.#read : undefined;
  }

  static remember(event: RecordedEvent, read: Read): void {
    if (#read in event) (event as unknown as ReadEvent).#read = read;
    else new ReadEvent(event, read);
  }
}

const currentVersion = ({ upcasters = [] }: EventShape): number => upcasters.length + 1;

const ACTORS: ReadonlySet<unknown> = new Set<Actor['type']>([
  'api_key',
  'console_user',
  'system',
  'external',
]);

/** Why metadata can't be ours; undefined where they can. */
export function whyForeign(found: unknown): string | undefined {
  if (typeof found !== 'object' || found === null || found instanceof Uint8Array) return 'no metadata';
  const metadata = found as Partial<EventMetadata>;
  const { schemaVersion, actor } = metadata;
  if (!Number.isSafeInteger(schemaVersion) || schemaVersion! < 1) return 'no schema version of ours';
  if (typeof metadata.occurredAt !== 'string' || Number.isNaN(Date.parse(metadata.occurredAt)))
    return 'occurredAt is not an instant';
  const texts = [metadata.$correlationId, metadata.$causationId, metadata.workspaceId];
  if (texts.some((text) => typeof text !== 'string') || !ACTORS.has(actor?.type))
    return 'its metadata do not say who caused it';
  return undefined;
}
