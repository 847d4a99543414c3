import { type Client, makeGenericClientConstructor, type Metadata, type CallOptions } from '@grpc/grpc-js';
import type { ClientDuplexStream, ClientReadableStream } from '@grpc/grpc-js';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import { type AppendAnswer, decodeAppendAnswer } from './append-answer';
import { decodeReadAnswer, type ReadAnswer } from './read-answer';

/** The two methods of EventStoreDB's streams service that every event goes through. */
export interface StreamsClient extends Client {
  /** Takes encoded requests. */
  batchAppend(metadata: Metadata, options: CallOptions): ClientDuplexStream<Buffer, AppendAnswer>;
  read(request: ReadReq, metadata: Metadata, options: CallOptions): ClientReadableStream<ReadAnswer>;
}

/**
 * The service with messages that are written and read by hand: the classes that the client generates for them cost
 * several times as much, and a message is made for each event.
 */
export const StreamsClient = makeGenericClientConstructor(
  {
    batchAppend: {
      ...StreamsService.batchAppend,
      requestSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: decodeAppendAnswer,
    },
    read: { ...StreamsService.read, responseDeserialize: decodeReadAnswer },
  },
  'Streams',
) as unknown as new (...given: ConstructorParameters<typeof Client>) => StreamsClient;
