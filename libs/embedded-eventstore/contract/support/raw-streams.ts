import { randomUUID } from 'node:crypto';
import { Empty as GoogleEmpty } from 'google-protobuf/google/protobuf/empty_pb';
import { Timestamp } from 'google-protobuf/google/protobuf/timestamp_pb';
import { Empty, StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import {
  AppendReq,
  type AppendResp,
  BatchAppendReq,
  type BatchAppendResp,
  ReadReq,
  type ReadResp,
} from '@eventstore/db-client/generated/streams_pb';
import type { ServiceError } from '@grpc/grpc-js';
import type { RawStubs } from './target';

export function identifier(stream: string): StreamIdentifier {
  const message = new StreamIdentifier();
  message.setStreamName(Buffer.from(stream).toString('base64'));
  return message;
}

export function uuidString(id: string): UUID {
  const message = new UUID();
  message.setString(id);
  return message;
}

/** Turns a unary call with a callback into a promise. */
export function unary<Response>(
  call: (done: (error: ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error === null ? resolve(response) : reject(error)));
  });
}

/** A Read request for a whole stream, forwards, without links resolved. */
export function readRequest(stream: string, count = '100'): ReadReq {
  const options = new ReadReq.Options();
  const source = new ReadReq.Options.StreamOptions();
  source.setStreamIdentifier(identifier(stream));
  source.setStart(new Empty());
  options.setStream(source);
  options.setReadDirection(ReadReq.Options.ReadDirection.FORWARDS);
  options.setCount(count);
  options.setNoFilter(new Empty());
  const uuid = new ReadReq.Options.UUIDOption();
  uuid.setString(new Empty());
  options.setUuidOption(uuid);
  const request = new ReadReq();
  request.setOptions(options);
  return request;
}

/** A Read request for $all from its start with a filter that a caller completes. */
export function readAllRequest(filter?: ReadReq.Options.FilterOptions, count = '1000'): ReadReq {
  const request = readRequest('', count);
  const options = request.getOptions()!;
  options.clearStream();
  const all = new ReadReq.Options.AllOptions();
  all.setStart(new Empty());
  options.setAll(all);
  if (filter !== undefined) {
    options.clearNoFilter();
    options.setFilter(filter);
  }
  return request;
}

/** All responses of a Read call; rejects with the status when it is not OK. */
export function readResponses(raw: RawStubs, request: ReadReq): Promise<ReadResp[]> {
  return new Promise((resolve, reject) => {
    const responses: ReadResp[] = [];
    raw.streams
      .read(request)
      .on('data', (response: ReadResp) => responses.push(response))
      .on('error', reject)
      .on('end', () => resolve(responses));
  });
}

export type ExpectedRevision = 'any' | 'no_stream' | 'stream_exists' | number;

export interface RawEvent {
  readonly id?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: Uint8Array;
}

/** One classic (not batched) Append call. */
export function append(
  raw: RawStubs,
  stream: string,
  expected: ExpectedRevision,
  events: readonly RawEvent[],
): Promise<AppendResp> {
  return unary((done) => {
    const call = raw.streams.append(done);
    const options = new AppendReq.Options();
    options.setStreamIdentifier(identifier(stream));
    if (expected === 'any') options.setAny(new Empty());
    else if (expected === 'no_stream') options.setNoStream(new Empty());
    else if (expected === 'stream_exists') options.setStreamExists(new Empty());
    else options.setRevision(String(expected));
    const header = new AppendReq();
    header.setOptions(options);
    call.write(header);
    for (const event of events) {
      const message = new AppendReq.ProposedMessage();
      message.setId(uuidString(event.id ?? randomUUID()));
      const metadata = event.metadata ?? { type: 'Raw', 'content-type': 'application/json' };
      for (const [key, value] of Object.entries(metadata)) message.getMetadataMap().set(key, value);
      message.setData(event.data ?? Buffer.from('{}'));
      const request = new AppendReq();
      request.setProposedMessage(message);
      call.write(request);
    }
    call.end();
  });
}

/** A message of a BatchAppend call: the whole batch unless `part` says otherwise. */
export function batch(
  correlationId: string,
  stream: string | undefined,
  events: readonly RawEvent[],
  part: { final?: boolean; deadline?: Date; expected?: number } = {},
): BatchAppendReq {
  const request = new BatchAppendReq();
  request.setCorrelationId(uuidString(correlationId));
  if (stream !== undefined) request.setOptions(batchOptions(stream, part));
  for (const event of events) {
    const message = new BatchAppendReq.ProposedMessage();
    message.setId(uuidString(event.id ?? randomUUID()));
    const metadata = event.metadata ?? { type: 'Raw', 'content-type': 'application/json' };
    for (const [key, value] of Object.entries(metadata)) message.getMetadataMap().set(key, value);
    message.setData(event.data ?? Buffer.from('{}'));
    request.addProposedMessages(message);
  }
  request.setIsFinal(part.final ?? true);
  return request;
}

function batchOptions(stream: string, part: { deadline?: Date; expected?: number }): BatchAppendReq.Options {
  const options = new BatchAppendReq.Options();
  options.setStreamIdentifier(identifier(stream));
  if (part.expected === undefined) options.setAny(new GoogleEmpty());
  else options.setStreamPosition(String(part.expected));
  if (part.deadline !== undefined) options.setDeadline(Timestamp.fromDate(part.deadline));
  return options;
}

/** Writes the messages to one BatchAppend call and waits for `answers` responses. */
export function batchAppend(
  raw: RawStubs,
  messages: readonly BatchAppendReq[],
  answers: number,
): Promise<BatchAppendResp[]> {
  return new Promise((resolve, reject) => {
    const responses: BatchAppendResp[] = [];
    const call = raw.streams.batchAppend();
    call
      .on('data', (response: BatchAppendResp) => {
        responses.push(response);
        if (responses.length === answers) {
          call.cancel();
          resolve(responses);
        }
      })
      .on('error', (error: ServiceError) => {
        if (responses.length < answers) reject(error);
      });
    for (const message of messages) call.write(message);
  });
}

/** The `exception` trailer by which the server says what kind of error a status is. */
export function exceptionOf(error: unknown): string | undefined {
  return (error as Partial<ServiceError>).metadata?.get('exception')[0]?.toString();
}
