import { type BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { AllStreamPosition, StreamIdentifier, type UUID } from '@eventstore/db-client/generated/shared_pb';
import { type Status } from '@eventstore/db-client/generated/status_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { type ServerDuplexStream } from '@grpc/grpc-js';
import { ANONYMOUS, type Caller } from '../access/caller';
import { type NodeContext } from '../node/context';
import { ResponseStream } from '../protocol/response-stream';
import { toRpcError } from '../protocol/rpc-error';
import { uuidFromWire, uuidText } from '../protocol/uuid';
import { type ProposedEvent } from '../storage/stored-event';
import { type Target, targetOf } from './append';
import { type BatchAppendRequest } from './batch-append-request';
import * as statuses from './batch-append-status';
import { appendSize, proposedEvent } from './proposed-event';
import { type WriteOutcome } from './stream-writer';

/** How long the last message of an append may take to come, whatever the client's deadline, ms. */
const LONGEST_UNFINISHED_MS = 2000;

/** Appends of a connection whose messages have not all come, at most: more is no client we know of. */
const MOST_UNFINISHED = 10_000;

/** Appends of a connection that wait for the disk, in number and bytes; beyond that it is read no further. */
const MOST_IN_FLIGHT = 1024;
const MOST_BYTES_IN_FLIGHT = 32 * 1024 * 1024;

/** An append whose last message has not come yet. */
interface Unfinished {
  readonly correlationId: UUID;
  readonly target: Target;
  readonly events: ProposedEvent[];
  /** By our clock, ms. */
  readonly deadline: number;
  readonly timer: NodeJS.Timeout;
  size: number;
}

type Call = ServerDuplexStream<BatchAppendRequest, Buffer>;

/** Serves one BatchAppend call: many appends in flight, each answered under its correlation id when it is durable. */
export class BatchAppendSession {
  private readonly unfinished = new Map<string, Unfinished>();
  private readonly response: ResponseStream;
  private accepted: Promise<void>;
  private caller: Caller = ANONYMOUS;
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
      this.response.fail(toRpcError(error));
    }
  }

  /** One after another, for the messages of an append build on each other. */
  private receive(request: BatchAppendRequest): void {
    this.accepted = this.accepted.then(() => {
      this.accept(request);
      if (this.isBusy(1)) this.call.pause();
    });
  }

  private accept({ message: request, timeout }: BatchAppendRequest): void {
    const correlationId = request.getCorrelationId();
    try {
      const key = uuidText(uuidFromWire(correlationId));
      if (request.hasOptions() && !this.begin(key, correlationId!, request, timeout)) return;
      const append = this.unfinished.get(key);
      if (!append) return;
      for (const message of request.getProposedMessagesList()) {
        const event = proposedEvent(message);
        append.size += appendSize(event);
        append.events.push(event);
      }
      if (append.size > this.context.maxAppendSize) {
        this.drop(key);
        this.refuse(append, statuses.maximumAppendSizeExceeded(this.context.maxAppendSize));
      } else if (request.getIsFinal()) {
        this.drop(key);
        this.write(append);
      }
    } catch (error) {
      this.answer(correlationId, identifierOf(request), (response) =>
        response.setError(statuses.badRequest((error as Error).message)),
      );
    }
  }

  /** @returns false when the append was answered already */
  private begin(key: string, correlationId: UUID, request: BatchAppendReq, timeout = Infinity): boolean {
    const options = request.getOptions()!;
    const refuse = (status: Status): false => {
      this.answer(correlationId, options.getStreamIdentifier(), (response) => response.setError(status));
      return false;
    };
    if (!options.hasStreamIdentifier()) {
      return refuse(statuses.badRequest('Required field StreamIdentifier not set.'));
    }
    const target = targetOf({
      getStreamIdentifier: () => options.getStreamIdentifier(),
      hasRevision: () => options.hasStreamPosition(),
      getRevision: () => options.getStreamPosition(),
      hasAny: () => options.hasAny(),
      hasNoStream: () => options.hasNoStream(),
      hasStreamExists: () => options.hasStreamExists(),
    });
    if (!this.caller.may('write', target.stream)) return refuse(statuses.accessDenied());
    const now = this.context.now();
    const asked = options.getDeadline()?.toDate().getTime() ?? now + timeout;
    if (asked <= now) return refuse(statuses.timeout());
    if (this.unfinished.has(key)) return true;
    if (this.unfinished.size >= MOST_UNFINISHED) {
      return refuse(statuses.badRequest('Too many appends are unfinished.'));
    }
    const timer = setTimeout(
      () => {
        const append = this.unfinished.get(key);
        if (!append) return;
        this.drop(key);
        this.refuse(append, statuses.timeout());
      },
      Math.min(asked - now, LONGEST_UNFINISHED_MS),
    );
    const append = { correlationId, target, events: [], deadline: asked, timer, size: 0 };
    this.unfinished.set(key, append);
    return true;
  }

  private write({ correlationId, target, events, deadline, size }: Unfinished): void {
    const { context } = this;
    const { stream, expected } = target;
    const identifier = new StreamIdentifier();
    identifier.setStreamName(Buffer.from(stream, 'utf8'));
    this.inFlight += 1;
    this.bytesInFlight += size;
    context.commits
      .submit(
        () => (context.now() > deadline ? undefined : context.writer.append(stream, expected, events)),
        size,
      )
      .then(
        (outcome) => this.answer(correlationId, identifier, (response) => fill(response, outcome, target)),
        (error: unknown) => {
          context.report(error);
          this.answer(correlationId, identifier, (response) => response.setError(statuses.unknown()));
        },
      )
      .finally(() => {
        this.inFlight -= 1;
        this.bytesInFlight -= size;
        if (this.call.isPaused() && !this.isBusy(0.5)) this.call.resume();
        this.endWhenAnswered();
      });
  }

  private isBusy(share: number): boolean {
    return this.inFlight >= MOST_IN_FLIGHT * share || this.bytesInFlight >= MOST_BYTES_IN_FLIGHT * share;
  }

  private refuse(append: Unfinished, status: Status): void {
    const identifier = new StreamIdentifier();
    identifier.setStreamName(Buffer.from(append.target.stream, 'utf8'));
    this.answer(append.correlationId, identifier, (response) => response.setError(status));
  }

  private answer(
    correlationId: UUID | undefined,
    identifier: StreamIdentifier | undefined,
    fillIn: (response: BatchAppendResp) => void,
  ): void {
    const response = new BatchAppendResp();
    response.setCorrelationId(correlationId);
    response.setStreamIdentifier(identifier);
    fillIn(response);
    void this.response.write(Buffer.from(response.serializeBinary()));
  }

  private drop(key: string): void {
    clearTimeout(this.unfinished.get(key)?.timer);
    this.unfinished.delete(key);
  }

  private forget(): void {
    for (const key of [...this.unfinished.keys()]) this.drop(key);
  }

  private endWhenAnswered(): void {
    if (this.halfClosed && this.inFlight === 0) this.response.end();
  }
}

function identifierOf(request: BatchAppendReq): StreamIdentifier | undefined {
  return request.getOptions()?.getStreamIdentifier();
}

/** No outcome: the deadline passed before the append's turn came. */
function fill(response: BatchAppendResp, outcome: WriteOutcome | undefined, target: Target): void {
  if (!outcome) {
    response.setError(statuses.timeout());
  } else if (outcome.kind === 'stream-deleted') {
    response.setError(statuses.streamDeleted(target.stream));
  } else if (outcome.kind === 'wrong-expected-revision') {
    response.setError(statuses.wrongExpectedVersion(outcome.currentRevision, target.expected));
  } else {
    response.setSuccess(success(outcome.lastRevision, outcome.position));
  }
}

function success(lastRevision: number, position: number | undefined): BatchAppendResp.Success {
  const success = new BatchAppendResp.Success();
  if (lastRevision < 0) success.setNoStream(new Empty());
  else success.setCurrentRevision(String(lastRevision));
  if (position === undefined) {
    success.setNoPosition(new Empty());
  } else {
    const appended = new AllStreamPosition();
    appended.setCommitPosition(String(position));
    appended.setPreparePosition(String(position));
    success.setPosition(appended);
  }
  return success;
}
