import { type ServerDuplexStream } from '@grpc/grpc-js';
import { type Status } from '@eventstore/db-client/generated/status_pb';
import { uuidInMessage } from '@latchkey/eventstore-wire';
import { ANONYMOUS, type Caller } from '../access/caller';
import { type NodeContext } from './context';
import { ResponseStream } from '../protocol/response-stream';
import { toRpcError } from '../protocol/rpc-error';
import { type ProposedEvent } from '../storage/stored-event';
import { type Target, targetFrom } from './append';
import { type BatchAppendOptions, type BatchAppendRequest } from './batch-append-request';
import { encodeAppended, encodeRefused } from './batch-append-response';
import * as statuses from './batch-append-status';
import { appendSize, proposedEvent } from './proposed-event';
import { type WriteOutcome } from './stream-writer';

/** How long the last message of an append may take to come, whatever the client's deadline, ms. */
const LONGEST_UNFINISHED_MS = 2000;

/** Appends of a connection whose messages have not all come, in number and bytes at most: more is no client we know of. */
const MOST_UNFINISHED = 10_000;
const MOST_BYTES_UNFINISHED = 32 * 1024 * 1024;

/** Appends of a connection that wait for the disk, in number and bytes; beyond that it is read no further. */
const MOST_IN_FLIGHT = 1024;
const MOST_BYTES_IN_FLIGHT = 32 * 1024 * 1024;

/** An append, of which some messages may still have to come. */
interface Append {
  readonly correlationId: Uint8Array;
  /** The stream's name as it came. */
  readonly name: Uint8Array;
  readonly target: Target;
  readonly events: ProposedEvent[];
  /** By our clock, ms; Infinity when it has as long as it takes. */
  readonly deadline: number;
  /** What counts against the largest append, bytes. */
  size: number;
  /** What it takes in memory, bytes. */
  bytes: number;
  /** Runs while messages have to come. */
  timer?: NodeJS.Timeout;
}

type Call = ServerDuplexStream<BatchAppendRequest, Buffer>;

/** Serves one BatchAppend call: many appends in flight, each answered under its correlation id when it is durable. */
export class BatchAppendSession {
  private readonly unfinished = new Map<string, Append>();
  private bytesUnfinished = 0;
  private readonly response: ResponseStream;
  private accepted: Promise<void>;
  private caller: Caller | undefined;
  /** Requests that came before it was known who calls. */
  private early = 0;
  private inFlight = 0;
  private bytesInFlight = 0;
  private halfClosed = false;

  constructor(
    private readonly context: NodeContext,
    private readonly call: Call,
  ) {
    this.response = new ResponseStream(call as never);
    this.response.onEnd(() => this.forget());
    this.accepted = this.identify();
    call.on('data', (request: BatchAppendRequest) => this.receive(request));
    call.on('end', () => {
      this.halfClosed = true;
      void this.accepted.then(() => this.endWhenAnswered());
    });
  }

  private async identify(): Promise<void> {
    try {
      this.caller = await this.context.gate.identify(this.call.metadata);
    } catch (error) {
      this.caller = ANONYMOUS;
      this.response.fail(toRpcError(error));
    }
  }

  /** One after another, for the messages of an append build on each other. */
  private receive(request: BatchAppendRequest): void {
    if (this.caller && this.early === 0) {
      this.accept(request);
      return;
    }
    this.early += 1;
    this.accepted = this.accepted.then(() => {
      this.early -= 1;
      this.accept(request);
    });
  }

  private accept(request: BatchAppendRequest): void {
    const { correlationId, options } = request;
    let key: string | undefined;
    try {
      key = uuidInMessage(correlationId).toString('latin1');
      const append = this.unfinished.get(key) ?? (options && this.begin(correlationId!, options));
      if (!append) return;
      this.add(append, request);
      if (append.size > this.context.maxAppendSize) {
        this.drop(key);
        this.refuse(append, statuses.maximumAppendSizeExceeded(this.context.maxAppendSize));
      } else if (request.isFinal) {
        this.drop(key);
        this.write(append);
      } else {
        this.waitForRest(key, append);
      }
    } catch (error) {
      if (key !== undefined) this.drop(key);
      this.send(encodeRefused(correlationId, options?.stream, statuses.badRequest((error as Error).message)));
    }
    if (this.isBusy(1)) this.call.pause();
  }

  /** @returns undefined when the append was answered already */
  private begin(correlationId: Uint8Array, options: BatchAppendOptions): Append | undefined {
    const { stream: name, expected, timeout = Infinity } = options;
    const refuse = (status: Status): undefined => this.send(encodeRefused(correlationId, name, status));
    if (!name) return refuse(statuses.badRequest('Required field StreamIdentifier not set.'));
    const target = targetFrom(name, expected);
    if (!this.caller!.may('write', target.stream)) return refuse(statuses.accessDenied());
    const now = this.context.now();
    const deadline = options.deadline ?? now + timeout;
    if (deadline <= now) return refuse(statuses.timeout());
    return { correlationId, name, target, events: [], deadline, size: 0, bytes: 0 };
  }

  private add(append: Append, request: BatchAppendRequest): void {
    for (const message of request.events) {
      const event = proposedEvent(message);
      const bytes = event.data.length + event.metadata.length;
      append.events.push(event);
      append.size += appendSize(event);
      append.bytes += bytes;
      if (append.timer) this.bytesUnfinished += bytes;
    }
  }

  /** Keeps an append until its last message comes, or does not. */
  private waitForRest(key: string, append: Append): void {
    if (!append.timer) {
      this.bytesUnfinished += append.bytes;
      this.unfinished.set(key, append);
      const late = (): void => {
        this.drop(key);
        this.refuse(append, statuses.timeout());
      };
      append.timer = setTimeout(late, Math.min(append.deadline - this.context.now(), LONGEST_UNFINISHED_MS));
    }
    if (this.unfinished.size > MOST_UNFINISHED || this.bytesUnfinished > MOST_BYTES_UNFINISHED) {
      this.drop(key);
      this.refuse(append, statuses.badRequest('Too many appends are unfinished.'));
    }
  }

  private write(append: Append): void {
    const { context } = this;
    const { target, events, deadline, bytes } = append;
    this.inFlight += 1;
    this.bytesInFlight += bytes;
    context.commits
      .submit(
        () =>
          context.now() > deadline
            ? undefined
            : context.writer.append(target.stream, target.expected, events),
        bytes,
      )
      .then(
        (outcome) => this.answer(append, outcome),
        (error: unknown) => {
          context.report(error);
          this.refuse(append, statuses.unknown());
        },
      )
      .then(() => {
        this.inFlight -= 1;
        this.bytesInFlight -= bytes;
        if (this.call.isPaused() && !this.isBusy(0.5)) this.call.resume();
        this.endWhenAnswered();
      }, context.report);
  }

  /** @param outcome undefined when the deadline passed before the append's turn came */
  private answer(append: Append, outcome: WriteOutcome | undefined): void {
    if (outcome?.kind === 'written') {
      this.send(encodeAppended(append.correlationId, append.name, outcome.lastRevision, outcome.position));
    } else if (!outcome) {
      this.refuse(append, statuses.timeout());
    } else if (outcome.kind === 'stream-deleted') {
      this.refuse(append, statuses.streamDeleted(append.target.stream));
    } else {
      this.refuse(append, statuses.wrongExpectedVersion(outcome.currentRevision, append.target.expected));
    }
  }

  private refuse({ correlationId, name }: Append, status: Status): void {
    this.send(encodeRefused(correlationId, name, status));
  }

  /** Does not wait for a slow client: it is read no further while too much is in flight. */
  private send(response: Buffer): undefined {
    void this.response.write(response);
  }

  private isBusy(share: number): boolean {
    return this.inFlight >= MOST_IN_FLIGHT * share || this.bytesInFlight >= MOST_BYTES_IN_FLIGHT * share;
  }

  private drop(key: string): void {
    const append = this.unfinished.get(key);
    if (!append) return;
    clearTimeout(append.timer);
    this.bytesUnfinished -= append.bytes;
    this.unfinished.delete(key);
  }

  private forget(): void {
    for (const key of [...this.unfinished.keys()]) this.drop(key);
  }

  private endWhenAnswered(): void {
    if (this.halfClosed && this.inFlight === 0) this.response.end();
  }
}
