import {
  type AllStreamResolvedEvent,
  BACKWARDS,
  END,
  type EventStoreDBClient,
  FORWARDS,
  type ResolvedEvent,
  START,
  StreamDeletedError,
  type StreamingRead,
  StreamNotFoundError,
  UnknownError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { CryptoRandom, Outage, type Random, within } from '@latchkey/platform';
import {
  AppendTimeout,
  type Appended,
  comparePositions,
  type EventStore,
  type EventSubscription,
  type ExpectedRevision,
  laterPosition,
  type NewEvent,
  type Position,
  type RecordedEvent,
  RevisionConflict,
  type SubscribeOptions,
} from '../event-store';
import type { PersistentSubscriptions } from '../persistent-subscriptions';
import { Connection } from './connection';
import { meaning, StoreSilent } from './outages';
import { fromClient } from './recorded';
import { StoredGroups } from './stored-groups';
import { Subscription } from './subscription';
import type { SentEvent } from './wire/append-request';
import { isJson } from './wire/own-events';

/** The client never ends an unanswered batch append by itself. Twice as long fits into the time of a request. */
const APPEND_WITHIN_MS = 4_000;
/**
 * The client tells the store until when an append may be written, as an instant by our clock: a store whose clock is
 * ahead of ours would refuse every one. So that instant is far off, ms, and the time above is what counts.
 */
const DEADLINE_FOR_THE_STORE_MS = 365 * 24 * 3_600_000;
/** How long the store may take for the next event of a read, or to say that there is none, ms. */
const READ_WITHIN_MS = 4_000;

/** The event store over EventStoreDB's protocol: a cluster, a single server or the embedded node. */
export class EventStoreDb implements EventStore {
  private readonly connection: Connection;
  /** Groups of consumers of others. */
  readonly persistent: PersistentSubscriptions;
  private readonly subscriptions = new Set<Subscription>();
  lastAppended: Position | undefined;
  private readonly lastByPrefix = new Map<string, Position>();

  /**
   * @param address a connection string, `esdb://…`, or an embedded node's Unix socket, `unix:/path`
   * @param random how long what failed waits before it is tried again
   */
  constructor(
    address: string,
    private readonly random: Random = new CryptoRandom(),
  ) {
    this.connection = new Connection(address);
    this.persistent = new StoredGroups(this.connection);
  }

  async append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    const sent = events.map(toBeSent);
    try {
      const { revision, position } = await this.write(stream, () => this.send(stream, sent, expected));
      const prefix = stream.slice(0, stream.indexOf('-') + 1);
      this.lastByPrefix.set(prefix, laterPosition(this.lastByPrefix.get(prefix), position));
      this.lastAppended = laterPosition(this.lastAppended, position);
      return { revision, position };
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) {
        throw new RevisionConflict(stream, expected, Number(error.actualVersion ?? -1));
      }
      throw error;
    }
  }

  lastAppendedTo(prefixes: readonly string[]): Position | undefined {
    return prefixes.reduce<Position | undefined>((latest, prefix) => {
      const position = this.lastByPrefix.get(prefix);
      return position ? laterPosition(latest, position) : latest;
    }, undefined);
  }

  read(stream: string, fromRevision = 0, count?: number): AsyncIterable<RecordedEvent> {
    return this.readFrom(stream, (client) =>
      client.readStream(stream, {
        direction: FORWARDS,
        fromRevision: fromRevision === 0 ? START : BigInt(fromRevision),
        maxCount: count,
      }),
    );
  }

  readBackwards(stream: string, count: number): AsyncIterable<RecordedEvent> {
    return this.readFrom(stream, (client) =>
      client.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: count }),
    );
  }

  readAllBackwards(count: number, before?: Position): AsyncIterable<RecordedEvent> {
    const fromPosition = before ? { ...before } : END;
    return this.readFrom('all streams', (client) =>
      client.readAll({ direction: BACKWARDS, fromPosition, maxCount: count }),
    );
  }

  async eventAt(position: Position): Promise<RecordedEvent | undefined | null> {
    const fromPosition = { ...position };
    const events = this.readFrom('all streams', (client) =>
      client.readAll({ direction: FORWARDS, fromPosition, maxCount: 1 }),
    );
    try {
      for await (const event of events) if (comparePositions(event.position, position) === 0) return event;
    } catch (error) {
      // This is its error for a position in its log at which no event begins.
      if (error instanceof UnknownError) return null;
      throw error;
    }
    return undefined;
  }

  subscribeToAll(options: SubscribeOptions): EventSubscription {
    const subscription = new Subscription(this.connection, options, this.random, () =>
      this.subscriptions.delete(subscription),
    );
    this.subscriptions.add(subscription);
    return subscription;
  }

  async truncateBefore(stream: string, revision: number): Promise<void> {
    await this.write(`the metadata of ${stream}`, async () => {
      const client = await this.connection.current();
      return client.setStreamMetadata(
        stream,
        { truncateBefore: revision },
        { deadline: DEADLINE_FOR_THE_STORE_MS },
      );
    });
  }

  ping(): Promise<Position | undefined> {
    return this.connection.ping();
  }

  /** The version that the store says it has. @throws {Outage} when it does not answer */
  async serverVersion(): Promise<string> {
    const client = await this.connection.current();
    // Asked for by each client once, and kept by it.
    const asked = Reflect.get(client, 'capabilities') as Promise<{ readonly serverVersion: string }>;
    const late = () => new StoreSilent('a question for its version', READ_WITHIN_MS);
    return (await within(asked, READ_WITHIN_MS, late)).serverVersion;
  }

  async close(): Promise<void> {
    await Promise.all([...this.subscriptions].map((subscription) => subscription.stop()));
    await this.connection.close();
  }

  private async send(
    stream: string,
    events: readonly SentEvent[],
    expected: ExpectedRevision,
  ): Promise<Appended> {
    const streams = await this.connection.currentStreams();
    return streams.append(stream, events, expected, Date.now() + DEADLINE_FOR_THE_STORE_MS);
  }

  /** @throws {AppendTimeout} where it is not known whether it was written */
  private async write<T>(what: string, work: () => Promise<T>): Promise<T> {
    const late = () => new StoreSilent('an append', APPEND_WITHIN_MS);
    try {
      return await within(work(), APPEND_WITHIN_MS, late);
    } catch (error) {
      const meant = meaning(error);
      if (!(meant instanceof Outage)) throw meant;
      // The client keeps an unanswered question about what the store can do, and never asks it again.
      if (isDeadline(error)) void this.connection.renew();
      else this.connection.suspect();
      throw new AppendTimeout(what, meant.message, { cause: error });
    }
  }

  /** An absent stream is an empty one. @throws {Outage} when the next event does not come in time */
  private async *readFrom(
    stream: string,
    begin: (client: EventStoreDBClient) => StreamingRead<ResolvedEvent | AllStreamResolvedEvent>,
  ): AsyncIterable<RecordedEvent> {
    const client = await this.connection.current();
    const { generation } = this.connection;
    const source = begin(client);
    const forget = this.connection.onRenewed(() =>
      source.destroy(new Outage('event store', 'the connection was given up')),
    );
    const events = source[Symbol.asyncIterator]();
    const late = () => new StoreSilent(`a read of ${stream}`, READ_WITHIN_MS);
    let over = false;
    try {
      for (;;) {
        const next = await within(events.next(), READ_WITHIN_MS, late);
        over = next.done === true;
        if (over) return this.connection.sameAs(generation);
        const { event } = next.value as ResolvedEvent;
        // A foreign one in bytes too: it counts as a revision of its stream.
        if (event) yield fromClient(event);
      }
    } catch (error) {
      if (error instanceof StreamNotFoundError || error instanceof StreamDeletedError) {
        // The store has ended it. After a thousand reads that are cancelled all the same its end of HTTP/2 takes us for
        // an attacker, and closes the connection.
        over = true;
        return;
      }
      const meant = meaning(error);
      if (meant instanceof Outage) this.connection.suspect();
      throw meant;
    } finally {
      forget();
      // A read that is left early would stay open.
      if (!over) void source.cancel().catch(() => undefined);
    }
  }
}

/** What is written already comes back as it is, where JSON changes nothing of it. */
function toBeSent({ id, type, data, metadata, written }: NewEvent): SentEvent {
  if (!written) return { id, type, data: JSON.stringify(data), metadata: JSON.stringify(metadata) };
  const again = isJson(data) && isJson(metadata) ? { data, metadata, written } : undefined;
  return { id, type, data: written.data, metadata: written.metadata, again };
}

const isDeadline = (error: unknown): boolean => (error as { code?: unknown }).code === 4;
