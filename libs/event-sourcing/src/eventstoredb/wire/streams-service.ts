import { type Client, makeGenericClientConstructor, type Metadata, type CallOptions } from '@grpc/grpc-js';
import type { ClientDuplexStream, ClientReadableStream } from '@grpc/grpc-js';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import { type AppendAnswer, decodeAppendAnswer } from './append-answer';
import type { OwnEvents } from './own-events';
import { decodeReadAnswer, type ReadAnswer } from './read-answer';

/**
 * EventStoreDB's streams service, of whose methods every event goes through two. Their messages are written and read by
 * hand: the classes that the client generates for them cost several times as much, and a message is made for each event.
 */
export interface StreamsClient extends Client {
  /** Takes encoded requests. */
  batchAppend(metadata: Metadata, options: CallOptions): ClientDuplexStream<Buffer, AppendAnswer>;
}

export const StreamsClient = makeGenericClientConstructor(
  {
    batchAppend: {
      ...StreamsService.batchAppend,
      requestSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: decodeAppendAnswer,
    },
  },
  'Streams',
) as unknown as new (...given: ConstructorParameters<typeof Client>) => StreamsClient;

/** @param own events that need not be read, since they were appended here */
export function readOver(
  client: StreamsClient,
  request: ReadReq,
  own: OwnEvents,
  [metadata, options]: [Metadata, CallOptions],
): ClientReadableStream<ReadAnswer> {
  const { path, requestSerialize } = StreamsService.read;
  const decode = (bytes: Buffer): ReadAnswer => decodeReadAnswer(bytes, own);
  return client.makeServerStreamRequest(path, requestSerialize, decode, request, metadata, options);
}
