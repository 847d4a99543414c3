import type { CallOptions, ClientDuplexStream, ClientReadableStream, Metadata } from '@grpc/grpc-js';
import { convertToCommandError, type EventStoreDBClient } from '@eventstore/db-client';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { Outage } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import type { Appended, ExpectedRevision, Position } from '../../event-store';
import type { AppendAnswer } from './append-answer';
import { type Encoded, encodeAppend, type SentEvent } from './append-request';
import { OwnEvents } from './own-events';
import type { ReadAnswer } from './read-answer';
import { readOver, StreamsClient } from './streams-service';

/** What the client offers to its own methods: its connection, with whatever it knows of servers and credentials. */
interface Insides {
  GRPCStreamCreator<C, T>(
    client: new (...given: never[]) => C,
    name: string,
    creator: (client: C) => T,
    cache?: WeakMap<object, T | Promise<T>>,
  ): () => Promise<T>;
  callArguments(options: object, callOptions: CallOptions): [Metadata, CallOptions];
}

type AppendCall = ClientDuplexStream<Buffer, AppendAnswer>;

interface Waiting {
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

/** Of a UUID: as many as its last group has. */
const DIGITS_THAT_COUNT = 12;
/** How long a call may take: until it is ended. */
const FOR_EVER: CallOptions = { deadline: Infinity };

/** Appends and subscriptions over a client's connection, with messages that are made by hand. */
export class StreamsCalls {
  private readonly insides: Insides;
  /** All appends go over one call, each with its answer. */
  private readonly appending = new WeakMap<object, AppendCall | Promise<AppendCall>>();
  private readonly waiting = new Map<string, Waiting>();
  private readonly own = new OwnEvents();
  private readonly remember: Encoded = ({ id, again }, data, metadata) => {
    if (again) this.own.remember(id, data, metadata, again);
  };
  /** The first digits of correlation ids; the others count. */
  private readonly prefix = randomUUID().slice(0, -DIGITS_THAT_COUNT);
  private appended = 0;

  constructor(client: EventStoreDBClient) {
    this.insides = client as unknown as Insides;
  }

  /**
   * Appends all events or none.
   * @param until when it may be written, ms
   * @throws the client's errors
   */
  async append(
    stream: string,
    events: readonly SentEvent[],
    expected: ExpectedRevision,
    until: number,
  ): Promise<Appended> {
    const call = await this.insides.GRPCStreamCreator<StreamsClient, AppendCall>(
      StreamsClient,
      'appendToStream',
      (client) => this.beginAppending(client),
      this.appending,
    )();
    const correlationId = this.nextId();
    const deadline = Math.ceil(until / 1000);
    const messages = encodeAppend({ correlationId, stream, expected, deadline, events }, this.remember);
    return new Promise((resolve, reject) => {
      this.waiting.set(correlationId, { resolve, reject });
      for (const message of messages) call.write(message);
    });
  }

  /** Begins a subscription to all streams whose name begins with one of the prefixes. */
  follow(
    after: Position | undefined,
    prefixes: readonly string[],
  ): Promise<ClientReadableStream<ReadAnswer>> {
    return this.insides.GRPCStreamCreator<StreamsClient, ClientReadableStream<ReadAnswer>>(
      StreamsClient,
      'subscribeToAll',
      (client) =>
        readOver(client, following(after, prefixes), this.own, this.insides.callArguments({}, FOR_EVER)),
    )();
  }

  private nextId(): string {
    return this.prefix + (++this.appended).toString(16).padStart(DIGITS_THAT_COUNT, '0');
  }

  private beginAppending(client: StreamsClient): AppendCall {
    const call = client.batchAppend(...this.insides.callArguments({}, FOR_EVER));
    call.on('data', ({ correlationId, outcome }: AppendAnswer) => {
      const waiting = this.waiting.get(correlationId);
      this.waiting.delete(correlationId);
      if (outcome instanceof Error) waiting?.reject(outcome);
      else waiting?.resolve(outcome);
    });
    const giveUp = (error: unknown): void => {
      for (const waiting of this.waiting.values()) waiting.reject(error);
      this.waiting.clear();
    };
    call.on('error', (error) => giveUp(convertToCommandError(error)));
    call.on('end', () => giveUp(new Outage('event store', 'it has ended the call for appends')));
    return call;
  }
}

function following(after: Position | undefined, prefixes: readonly string[]): ReadReq {
  const all = new ReadReq.Options.AllOptions();
  if (after) {
    const position = new ReadReq.Options.Position();
    position.setCommitPosition(String(after.commit));
    position.setPreparePosition(String(after.prepare));
    all.setPosition(position);
  } else {
    all.setStart(new Empty());
  }
  const names = new ReadReq.Options.FilterOptions.Expression();
  names.setPrefixList([...prefixes]);
  const filter = new ReadReq.Options.FilterOptions();
  filter.setStreamIdentifier(names);
  filter.setCount(new Empty());
  filter.setCheckpointintervalmultiplier(1);
  const uuids = new ReadReq.Options.UUIDOption();
  uuids.setString(new Empty());
  const options = new ReadReq.Options();
  options.setAll(all);
  options.setResolveLinks(false);
  options.setSubscription(new ReadReq.Options.SubscriptionOptions());
  options.setUuidOption(uuids);
  options.setFilter(filter);
  const request = new ReadReq();
  request.setOptions(options);
  return request;
}
