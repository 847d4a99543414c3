import {
  BACKWARDS,
  binaryEvent,
  END,
  type EventStoreDBClient,
  FORWARDS,
  type ReadStreamOptions,
  type ResolvedEvent,
  START,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import {
  NotParked,
  PARKED_TO_CHOOSE_FROM,
  type ParkedChoice,
  type ParkedMessage,
  TooManyParked,
} from '../persistent-subscriptions';
import { fromClient } from './recorded';

type Ask = <T>(work: (client: EventStoreDBClient) => Promise<T>) => Promise<T>;

/** Somebody else parks at the same time. */
const TRIES = 20;

/**
 * The parked messages of a group: links in a stream of their own, by EventStoreDB's own name for it. The store itself
 * replays from the front only. To choose some, the whole is written again behind, the chosen ones first, and what was
 * before is hidden: a crash in between leaves messages there twice, and loses none.
 */
export class StoredParked {
  private readonly name: string;

  constructor(
    stream: string,
    group: string,
    private readonly ask: Ask,
  ) {
    this.name = `$persistentsubscription-${stream}::${group}-parked`;
  }

  async list(from: number, count: number): Promise<ParkedMessage[]> {
    return (await this.read(from, count)).map((resolved) => {
      const parked = (resolved.link ?? resolved.event)!;
      const { reason, added } = reasonOf(parked.metadata);
      return {
        number: Number(parked.revision),
        reason,
        parkedAt: added ?? parked.created.getTime(),
        event: resolved.link && resolved.event ? fromClient(resolved.event) : undefined,
      };
    });
  }

  /**
   * How many there are, by their stream: the store's own count goes wrong when that is written again, and begins at 0
   * after a restart of the store.
   */
  async count(): Promise<number> {
    return (await this.front('all')).count;
  }

  /** Puts the chosen ones before all others. @returns how many, and below which number they are */
  async toTheFront(which: ParkedChoice): Promise<{ count: number; before: number }> {
    if (typeof which === 'object' && 'numbers' in which) {
      const { first, count } = await this.rewrite(which.numbers, true);
      return { count, before: first + count };
    }
    return this.front(which);
  }

  /** @returns how many */
  async drop(which: ParkedChoice): Promise<number> {
    if (typeof which === 'object' && 'numbers' in which) {
      return (await this.rewrite(which.numbers, false)).count;
    }
    const { count, before } = await this.front(which);
    if (count > 0) await this.hideBefore(before);
    return count;
  }

  private async front(which: 'all' | { first: number }): Promise<{ count: number; before: number }> {
    const [first] = await this.read(0, 1, false);
    const [last] = await this.readLast();
    if (!first || !last) return { count: 0, before: 0 };
    const [from, end] = [Number(first.event!.revision), Number(last.event!.revision) + 1];
    const before = which === 'all' ? end : Math.min(from + which.first, end);
    return { count: before - from, before };
  }

  /** @returns where the first of the rewritten ones stands, and how many were chosen */
  private async rewrite(
    numbers: readonly number[],
    keepsChosen: boolean,
  ): Promise<{ first: number; count: number }> {
    for (let attempt = 1; ; attempt++) {
      const all = await this.read(0, PARKED_TO_CHOOSE_FROM + 1, false);
      if (all.length > PARKED_TO_CHOOSE_FROM) throw new TooManyParked();
      const there = new Set(all.map(({ event }) => Number(event!.revision)));
      const missing = numbers.filter((number) => !there.has(number));
      if (missing.length > 0) throw new NotParked(missing);
      const isChosen = ({ event }: ResolvedEvent) => numbers.includes(Number(event!.revision));
      const chosen = all.filter(isChosen);
      const others = all.filter((each) => !isChosen(each));
      const last = all.at(-1)?.event?.revision ?? -1n;
      try {
        const copies = [...(keepsChosen ? chosen : []), ...others].map(copyOf);
        if (copies.length > 0) {
          await this.ask((client) =>
            client.appendToStream(this.name, copies, { expectedRevision: BigInt(last) }),
          );
        }
        const first = Number(last) + 1;
        await this.hideBefore(first);
        return { first, count: chosen.length };
      } catch (error) {
        if (!(error instanceof WrongExpectedVersionError) || attempt >= TRIES) throw error;
      }
    }
  }

  private async hideBefore(revision: number): Promise<void> {
    await this.ask(async (client) => {
      const { metadata } = await client.getStreamMetadata(this.name);
      await client.setStreamMetadata(this.name, { ...metadata, truncateBefore: revision });
    });
  }

  private read(from: number, count: number, resolveLinkTos = true): Promise<ResolvedEvent[]> {
    const fromRevision = from === 0 ? START : BigInt(from);
    return this.collect({ direction: FORWARDS, fromRevision, maxCount: count, resolveLinkTos });
  }

  private readLast(): Promise<ResolvedEvent[]> {
    return this.collect({ direction: BACKWARDS, fromRevision: END, maxCount: 1 });
  }

  private collect(options: ReadStreamOptions): Promise<ResolvedEvent[]> {
    return this.ask(async (client) => {
      const found: ResolvedEvent[] = [];
      const events = client.readStream(this.name, options);
      try {
        for await (const event of events) found.push(event);
      } catch (error) {
        if (!(error instanceof StreamNotFoundError)) throw error;
      }
      return found;
    });
  }
}

/** The link again, with the reason that it has. */
function copyOf({ event }: ResolvedEvent) {
  const { data, metadata } = event!;
  return binaryEvent({
    id: randomUUID(),
    type: '$>',
    data: bytesOf(data),
    metadata: metadata === undefined ? undefined : bytesOf(metadata),
  });
}

/** Links and what is said of them are texts; the client hands over as an object what it takes for JSON. */
function bytesOf(value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'utf8');
}

function reasonOf(metadata: unknown): { reason: string; added: number | undefined } {
  const text = bytesOf(metadata ?? '{}').toString('utf8');
  try {
    const { reason, added } = JSON.parse(text) as { reason?: unknown; added?: unknown };
    const at = typeof added === 'string' ? Date.parse(added) : NaN;
    return {
      reason: typeof reason === 'string' ? reason : 'unknown',
      added: Number.isNaN(at) ? undefined : at,
    };
  } catch {
    return { reason: 'unknown', added: undefined };
  }
}
