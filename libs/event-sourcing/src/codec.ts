import { type z } from 'zod';
import type { EventMetadata, NewEvent, RecordedEvent } from './event-store';

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

/** An event that this version of the code can't read: unknown, or not of its shape. */
export class UnreadableEvent extends Error {
  constructor(event: RecordedEvent, reason: string) {
    super(`${event.type} ${event.id} in ${event.stream}@${event.revision} can't be read: ${reason}`);
  }
}

/** Between domain events and what is stored. Old shapes are upcast here and never reach the domain. */
export class EventCodec<E extends DomainEvent> {
  constructor(private readonly shapes: { readonly [T in E['type']]: EventShape }) {}

  knows(type: string): type is E['type'] {
    return Object.hasOwn(this.shapes, type);
  }

  encode(event: E, id: string, metadata: Omit<EventMetadata, 'schemaVersion'>): NewEvent {
    const shape = this.shapes[event.type as E['type']];
    return {
      id,
      type: event.type,
      data: event.data as Json,
      metadata: { ...metadata, schemaVersion: (shape.upcasters?.length ?? 0) + 1 },
    };
  }

  /** @throws {UnreadableEvent} */
  decode(event: RecordedEvent): Happened<E> {
    if (!this.knows(event.type)) throw new UnreadableEvent(event, 'unknown type');
    const { schema, upcasters = [] } = this.shapes[event.type];
    // Anybody may write to a stream, and metadata may be missing whatever its type says.
    const metadata = event.metadata as Partial<EventMetadata> | null | undefined;
    if (!metadata) throw new UnreadableEvent(event, 'no metadata');
    const from = metadata.schemaVersion ?? 1;
    if (!Number.isInteger(from) || from < 1)
      throw new UnreadableEvent(event, `schema version ${from} is none`);
    if (from > upcasters.length + 1)
      throw new UnreadableEvent(event, `schema version ${from} is newer than this code`);
    let data = event.data as Json;
    try {
      for (const upcast of upcasters.slice(from - 1)) data = upcast(data);
    } catch (error) {
      throw new UnreadableEvent(event, `it can not be upcast: ${(error as Error).message}`);
    }
    const parsed = schema.safeParse(data);
    if (!parsed.success) {
      throw new UnreadableEvent(
        event,
        parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`).join('; '),
      );
    }
    const at = Date.parse(metadata.occurredAt ?? '');
    if (Number.isNaN(at)) throw new UnreadableEvent(event, 'occurredAt is no instant');
    return { type: event.type, data: parsed.data, at } as unknown as Happened<E>;
  }
}
