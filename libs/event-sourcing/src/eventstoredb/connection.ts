import { BACKWARDS, END, EventStoreDBClient } from '@eventstore/db-client';
import { Outage, within } from '@latchkey/platform';
import { type Position } from '../event-store';
import { meaning, StoreSilent } from './outages';
import { StreamsCalls } from './wire/streams-calls';

/** How often the store is pinged, ms. */
const PING_EVERY_MS = 2_000;
/** The same while it does not answer. */
const PING_AGAIN_MS = 1_000;
/** How long it may take to answer, ms. */
const PING_WITHIN_MS = 3_000;
/** Giving up a client's streams takes no network; it must not hold up the next client, ms. */
const DISPOSE_WITHIN_MS = 1_000;
/** Clients of one process whose connections have equal settings share them, with the pause before the next try. */
const KEEP_ALIVE_MS = 10_000;
const GENERATIONS = 1_000;

/**
 * The client to the event store, and a new one when the store stops answering: a client by itself waits for ever on a
 * connection that died without notice, and longer and longer between its attempts to reconnect.
 */
export class Connection {
  private client: EventStoreDBClient;
  /** What goes over the client's connection without its own messages. */
  private streams: StreamsCalls;
  /** Which client it is. What was read on an earlier one may have ended before its end, without an error. */
  generation = 0;
  private renewing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pinging: Promise<void> | undefined;
  private closed = false;
  private readonly renewals = new Set<() => void>();

  /** @param address a connection string, `esdb://…`, or an embedded node's Unix socket, `unix:/path` */
  constructor(private readonly address: string) {
    this.client = this.make();
    this.streams = new StreamsCalls(this.client);
    this.pingLater(PING_EVERY_MS);
  }

  /** The client to use now. Do not keep it: the next one may be another. */
  async current(): Promise<EventStoreDBClient> {
    await this.renewing;
    return this.client;
  }

  /** The same for what is appended and followed. */
  async currentStreams(): Promise<StreamsCalls> {
    await this.renewing;
    return this.streams;
  }

  /** Calls `listener` whenever the client has been replaced: what runs on the old one gets nothing any more. */
  onRenewed(listener: () => void): () => void {
    this.renewals.add(listener);
    return () => this.renewals.delete(listener);
  }

  /** Something went unanswered: the store is pinged now. */
  suspect(): void {
    if (!this.closed) void this.watch();
  }

  /**
   * Pings the store. Returns the position of its newest event; undefined where there is none.
   * @throws {Outage} when no answer comes within three seconds
   */
  async ping(): Promise<Position | undefined> {
    const client = await this.current();
    const { generation } = this;
    const stream = client.readAll({ maxCount: 1, fromPosition: END, direction: BACKWARDS });
    const answer = (async () => {
      let newest: Position | undefined;
      // Read to its end: a read that is left early stays open.
      for await (const { event } of stream) newest = event?.position;
      this.sameAs(generation);
      return newest;
    })();
    try {
      return await within(answer, PING_WITHIN_MS, () => new StoreSilent('a ping', PING_WITHIN_MS));
    } catch (error) {
      void stream.cancel().catch(() => undefined);
      throw meaning(error);
    }
  }

  /** @throws {Outage} when the client has been replaced since it was of that generation */
  sameAs(generation: number): void {
    if (generation !== this.generation) throw new Outage('event store', 'the connection was given up');
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.pinging;
    await this.renewing;
    await dispose(this.client);
  }

  private pingLater(afterMs: number): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    this.timer = setTimeout(() => void this.watch(), afterMs).unref();
  }

  private watch(): Promise<void> {
    return (this.pinging ??= this.pingOrRenew().finally(() => (this.pinging = undefined)));
  }

  private async pingOrRenew(): Promise<void> {
    clearTimeout(this.timer);
    try {
      await this.ping();
      this.pingLater(PING_EVERY_MS);
    } catch (error) {
      // Any other answer shows that the store is alive.
      const silent = error instanceof Outage;
      if (silent) await this.renew();
      this.pingLater(silent ? PING_AGAIN_MS : PING_EVERY_MS);
    }
  }

  /**
   * Replaces the client. Nothing is asked of the new one until the old one has given up: appends on all clients of
   * a process wait for their answers in one place, which is emptied when any of them breaks.
   */
  renew(): Promise<void> {
    if (this.closed) return Promise.resolve();
    return (this.renewing ??= this.replace().finally(() => (this.renewing = undefined)));
  }

  private async replace(): Promise<void> {
    const old = this.client;
    this.generation++;
    this.client = this.make();
    this.streams = new StreamsCalls(this.client);
    await dispose(old);
    for (const listener of [...this.renewals]) listener();
  }

  private make(): EventStoreDBClient {
    // Another interval, and the connection is one of its own: it begins to connect at once.
    const keepAliveInterval = KEEP_ALIVE_MS + (this.generation % GENERATIONS);
    // A connection string can't name a Unix socket.
    if (this.address.startsWith('unix:')) {
      return new EventStoreDBClient({ endpoint: this.address, keepAliveInterval }, { insecure: true });
    }
    return EventStoreDBClient.connectionString(
      this.generation === 0 ? this.address : withKeepAlive(this.address, keepAliveInterval),
    );
  }
}

/** The connection string with another keep-alive interval, whatever it said of it; `-1` for none is kept. */
export function withKeepAlive(connectionString: string, ms: number): string {
  const [address = '', query = ''] = connectionString.split('?', 2);
  const parameters = query.split('&').filter((each) => each !== '');
  const own = parameters.find((each) => /^keepAliveInterval=/i.test(each));
  const name = own?.endsWith('=-1') ? 'keepAliveTimeout' : 'keepAliveInterval';
  const others = parameters.filter((each) => !each.toLowerCase().startsWith(`${name.toLowerCase()}=`));
  return `${address}?${[...others, `${name}=${ms}`].join('&')}`;
}

/** Gives up everything that runs on a client, and its connection. */
async function dispose(client: EventStoreDBClient): Promise<void> {
  const given = client.dispose().catch(() => undefined);
  await within(given, DISPOSE_WITHIN_MS, () => new Error('late')).catch(() => undefined);
  // Disposing ends the calls and leaves the channel open, which would go on trying to connect for ever.
  const channel = (Reflect.get(client, 'getChannel') as () => Promise<{ close(): void }>)();
  void channel.then((open) => open.close()).catch(() => undefined);
}
