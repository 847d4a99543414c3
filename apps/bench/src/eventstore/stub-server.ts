import { PersistentSubscriptionsService } from '@eventstore/db-client/generated/persistent_grpc_pb';
import persistent from '@eventstore/db-client/generated/persistent_pb';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import shared from '@eventstore/db-client/generated/shared_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import streams from '@eventstore/db-client/generated/streams_pb';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';

/**
 * A server that keeps nothing and decides nothing: it answers each append at once and sends the same event as often as
 * it is asked for. What the client reaches with it is what the client, gRPC and the kernel allow. A child process of
 * the benchmark.
 */
const STREAM = Buffer.from('accessCode-1');

const raw = <T extends object>(service: T, ...methods: string[]): never => {
  const definition = { ...service } as Record<string, object>;
  for (const method of methods) {
    definition[method] = { ...definition[method], responseSerialize: (bytes: Buffer) => bytes };
  }
  return definition as never;
};

type RecordedEvent = streams.ReadResp.ReadEvent.RecordedEvent | persistent.ReadResp.ReadEvent.RecordedEvent;

function recorded<T extends RecordedEvent>(event: T, id: string): T {
  const uuid = new shared.UUID();
  uuid.setString(id);
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(STREAM);
  event.setId(uuid);
  event.setStreamIdentifier(identifier);
  event.setStreamRevision('1');
  event.setPreparePosition('1');
  event.setCommitPosition('1');
  event.getMetadataMap().set('type', 'CodeRequested').set('created', '17000000000000000');
  event.getMetadataMap().set('content-type', 'application/json');
  event.setData(Buffer.from(JSON.stringify({ filler: 'x'.repeat(210) })));
  event.setCustomMetadata(Buffer.from(JSON.stringify({ $correlationId: randomUUID(), actor: 'bench' })));
  return event;
}

function readEvent(): Buffer {
  const event = new streams.ReadResp.ReadEvent();
  event.setEvent(recorded(new streams.ReadResp.ReadEvent.RecordedEvent(), randomUUID()));
  event.setCommitPosition('1');
  const response = new streams.ReadResp();
  response.setEvent(event);
  return Buffer.from(response.serializeBinary());
}

function persistentEvent(): Buffer {
  const event = new persistent.ReadResp.ReadEvent();
  event.setEvent(recorded(new persistent.ReadResp.ReadEvent.RecordedEvent(), randomUUID()));
  event.setCommitPosition('1');
  const response = new persistent.ReadResp();
  response.setEvent(event);
  return Buffer.from(response.serializeBinary());
}

const server = new Server({ 'grpc.enable_channelz': 0 });
server.addService(raw(StreamsService, 'read'), {
  read: (call: ServerWritableStream<streams.ReadReq, Buffer>) => {
    const bytes = readEvent();
    let left = Number(call.request.getOptions()?.getCount() ?? 0);
    const send = (): void => {
      while (left > 0) {
        left -= 1;
        if (!call.write(bytes)) return void call.once('drain', send);
      }
      call.end();
    };
    send();
  },
  batchAppend: (call: ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>) => {
    call.on('data', (request: streams.BatchAppendReq) => {
      if (!request.getIsFinal()) return;
      const position = new shared.AllStreamPosition();
      position.setCommitPosition('1');
      position.setPreparePosition('1');
      const success = new streams.BatchAppendResp.Success();
      success.setCurrentRevision('1');
      success.setPosition(position);
      const response = new streams.BatchAppendResp();
      response.setCorrelationId(request.getCorrelationId());
      response.setStreamIdentifier(request.getOptions()?.getStreamIdentifier());
      response.setSuccess(success);
      call.write(response);
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
  },
  append: () => undefined,
  delete: () => undefined,
  tombstone: () => undefined,
});
server.addService(raw(PersistentSubscriptionsService, 'read'), {
  read: (call: ServerDuplexStream<persistent.ReadReq, Buffer>) => {
    const bytes = persistentEvent();
    call.on('data', (request: persistent.ReadReq) => {
      const size = request.getOptions()?.getBufferSize() ?? request.getAck()?.getIdsList().length ?? 0;
      for (let n = 0; n < size; n += 1) call.write(bytes);
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
  },
  create: (_call: unknown, callback: sendUnaryData<persistent.CreateResp>) =>
    callback(null, new persistent.CreateResp()),
  delete: (_call: unknown, callback: sendUnaryData<persistent.DeleteResp>) =>
    callback(null, new persistent.DeleteResp()),
});
server.addService(ServerFeaturesService, {
  getSupportedMethods: (_call: unknown, callback: sendUnaryData<SupportedMethods>) => {
    const response = new SupportedMethods();
    response.setEventStoreServerVersion('23.10.6');
    for (const definition of [StreamsService, PersistentSubscriptionsService]) {
      for (const { path } of Object.values(definition) as { path: string }[]) {
        const [service, name] = path.toLowerCase().slice(1).split('/');
        const method = new SupportedMethod();
        method.setServiceName(service!);
        method.setMethodName(name!);
        method.setFeaturesList(['stream', 'all']);
        response.addMethods(method);
      }
    }
    callback(null, response);
  },
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.(port);
});
process.once('disconnect', () => process.exit(0));
