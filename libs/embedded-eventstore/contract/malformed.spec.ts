import { connect } from 'node:http2';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { AppendReq, ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { CreateReq, ReadReq as PersistentReadReq } from '@eventstore/db-client/generated/persistent_pb';
import { Client, status } from '@grpc/grpc-js';
import { rejection } from './support/collect';
import { newStream, numbered } from './support/events';
import {
  append,
  batch,
  batchAppend,
  identifier,
  readRequest,
  readResponses,
  unary,
} from './support/raw-streams';
import { useTarget } from './support/target';

describe('requests that make no sense', () => {
  const target = useTarget();

  /** Rejects, and with it the test, when the node no longer takes writes. */
  afterEach(async () => {
    await target().client.appendToStream(newStream('still-up'), numbered(0));
  });

  function sendRaw(path: string, ...messages: Uint8Array[]): Promise<number> {
    const client = new Client(target().raw.address, target().raw.credentials);
    return new Promise((resolve) => {
      const call = client.makeBidiStreamRequest(
        path,
        (bytes: Buffer) => bytes,
        (bytes) => bytes,
      );
      call.on('data', () => {});
      call.on('error', (error: { code?: number }) => {
        client.close();
        resolve(error.code ?? -1);
      });
      call.on('end', () => {});
      call.on('status', ({ code }: { code: number }) => {
        client.close();
        resolve(code);
      });
      for (const message of messages) call.write(Buffer.from(message));
      call.end();
    });
  }

  it.each([
    ['a service that is not there', '/event_store.client.nothing.Nothing/Read', status.UNIMPLEMENTED],
    ['a method that is not there', '/event_store.client.streams.Streams/Nothing', status.UNIMPLEMENTED],
  ])('%s', async (_, path, expected) => {
    expect(await sendRaw(path, new Uint8Array())).toBe(expected);
  });

  it.each(['Read', 'Append', 'BatchAppend', 'Delete', 'Tombstone'])(
    'bytes that are no message, to %s',
    async (method) => {
      const code = await sendRaw(
        `/event_store.client.streams.Streams/${method}`,
        Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x07, 0x42]),
      );

      expect([status.INTERNAL, status.UNKNOWN, status.INVALID_ARGUMENT]).toContain(code);
    },
  );

  it.each(['Read', 'Create', 'Update', 'Delete', 'GetInfo', 'ReplayParked', 'List'])(
    'an empty message, to persistent subscriptions %s',
    async (method) => {
      const code = await sendRaw(
        `/event_store.client.persistent_subscriptions.PersistentSubscriptions/${method}`,
        new Uint8Array(),
      );

      expect([status.INTERNAL, status.UNKNOWN, status.INVALID_ARGUMENT]).toContain(code);
    },
  );

  it.each(['Read', 'Append', 'Delete', 'Tombstone'])('an empty message, to %s', async (method) => {
    const code = await sendRaw(`/event_store.client.streams.Streams/${method}`, new Uint8Array());

    expect([status.INTERNAL, status.UNKNOWN, status.INVALID_ARGUMENT]).toContain(code);
  });

  it('no message at all, to Append', async () => {
    const error = await rejection(
      unary((done) => {
        target().raw.streams.append(done).end();
      }),
    );

    expect(error.code).toBe(status.UNKNOWN);
  });

  it('an event before the options, to Append', async () => {
    const request = new AppendReq();
    request.setProposedMessage(new AppendReq.ProposedMessage());

    const error = await rejection(
      unary((done) => {
        target().raw.streams.append(done).end(request);
      }),
    );

    expect(error.code).toBe(status.UNKNOWN);
  });

  it('no expected revision, to Append', async () => {
    const request = new AppendReq();
    const options = new AppendReq.Options();
    options.setStreamIdentifier(identifier(newStream('none')));
    request.setOptions(options);

    const error = await rejection(
      unary((done) => {
        target().raw.streams.append(done).end(request);
      }),
    );

    expect(error.code).toBe(status.INVALID_ARGUMENT);
  });

  it('an empty stream name', async () => {
    const reading = await rejection(readResponses(target().raw, readRequest('')));
    const appending = await rejection(append(target().raw, '', 'any', [{}]));

    expect([reading.code, appending.code]).toEqual([status.UNKNOWN, status.UNKNOWN]);
  });

  // Differs: a real server takes a NUL in a name; to SQLite it would be the end of the name.
  it('a NUL in the name of a stream or the type of an event', async () => {
    const stream = newStream('nul');
    await target().client.appendToStream(stream, numbered(0));
    const metadata = { type: 'a\0b', 'content-type': 'application/json' };
    const attempts = [
      readResponses(target().raw, readRequest(`${stream}\0x`)),
      append(target().raw, `${stream}\0x`, 'any', [{}]),
      append(target().raw, stream, 'any', [{ metadata }]),
    ];

    const codes = (await Promise.allSettled(attempts)).map((attempt) =>
      attempt.status === 'fulfilled' ? status.OK : (attempt.reason as { code: number }).code,
    );

    expect(codes).toEqual(
      target().kind === 'embedded'
        ? attempts.map(() => status.INVALID_ARGUMENT)
        : attempts.map(() => status.OK),
    );
  });

  it('an invalid event id', async () => {
    const error = await rejection(append(target().raw, newStream('id'), 'any', [{ id: 'not a uuid' }]));

    expect(error.code).toBe(status.UNKNOWN);
  });

  it('a batch without options is passed over', async () => {
    const stream = newStream('after');
    const answers = await batchAppend(
      target().raw,
      [
        batch('7e3f1f5c-5b0e-4b4c-8f29-5a9d8f8e0001', undefined, [{}]),
        batch('7e3f1f5c-5b0e-4b4c-8f29-5a9d8f8e0002', stream, [{}]),
      ],
      1,
    );

    expect(answers[0]!.getCorrelationId()!.getString()).toBe('7e3f1f5c-5b0e-4b4c-8f29-5a9d8f8e0002');
  });

  it('options that do not fit together: a filter on a stream', async () => {
    const request = readRequest(newStream('filter'));
    request.getOptions()!.clearNoFilter();
    const filter = new ReadReq.Options.FilterOptions();
    filter.setCount(new Empty());
    request.getOptions()!.setFilter(filter);

    const error = await rejection(readResponses(target().raw, request));

    expect(error.code).toBe(status.INVALID_ARGUMENT);
  });

  it('a persistent subscription to a stream named $all', async () => {
    const request = new CreateReq();
    const options = new CreateReq.Options();
    const source = new CreateReq.StreamOptions();
    source.setStreamIdentifier(identifier('$all'));
    source.setStart(new Empty());
    options.setStream(source);
    options.setGroupName('group');
    const settings = new CreateReq.Settings();
    settings.setConsumerStrategy('RoundRobin');
    settings.setReadBatchSize(10);
    settings.setHistoryBufferSize(20);
    options.setSettings(settings);
    request.setOptions(options);

    const error = await rejection(
      unary((done) => target().raw.persistentSubscriptions.create(request, done)),
    );

    expect(error.code).not.toBe(status.OK);
  });

  it('an acknowledgement before the options', async () => {
    const request = new PersistentReadReq();
    request.setAck(new PersistentReadReq.Ack());
    const call = target().raw.persistentSubscriptions.read();

    const code = await new Promise((resolve) => {
      call.on('data', () => {}).on('error', (error: { code?: number }) => resolve(error.code));
      call.write(request);
      call.end();
    });

    expect(code).toBe(status.UNKNOWN);
  });

  it('a message far beyond the limit', async () => {
    const code = await sendRaw(
      '/event_store.client.streams.Streams/Append',
      new Uint8Array(20 * 1_024 * 1_024),
    );

    expect([status.RESOURCE_EXHAUSTED, status.INTERNAL, status.UNKNOWN]).toContain(code);
  });

  it('HTTP/2 that is no gRPC', async () => {
    const session = connect(`http://${target().raw.address}`);
    const answer = await new Promise<number>((resolve, reject) => {
      session.on('error', reject);
      const request = session.request({ ':path': '/nonsense', ':method': 'GET' });
      request.on('response', (headers) => resolve(Number(headers[':status'])));
      request.on('error', reject);
      request.end();
    });
    session.close();

    expect(answer).toBeGreaterThanOrEqual(400);
  });
});
