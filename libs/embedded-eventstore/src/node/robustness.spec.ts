import { EventStoreDBClient, eventTypeFilter, jsonEvent } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { type BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { credentials } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { batch } from '../../contract/support/raw-streams';
import { startNode } from './start-node';
import { type RunningNode } from './node-options';

describe('a node among clients that misbehave', () => {
  let node: RunningNode;
  let client: EventStoreDBClient;
  const reported: unknown[] = [];

  beforeAll(async () => {
    node = await startNode({
      dataDir: ':memory:',
      port: 0,
      access: 'insecure',
      report: (error) => reported.push(error),
    });
    client = EventStoreDBClient.connectionString(node.connectionString);
  });
  afterAll(async () => {
    await client.dispose();
    await node.close();
  });
  afterEach(async () => {
    // Whatever happened, it serves others as before, and nothing is its own fault.
    await client.appendToStream('served', jsonEvent({ type: 'Served', data: {} }));
    if (reported.length > 0) throw new Error('a fault of the node was reported', { cause: reported[0] });
  });

  async function open(): Promise<Socket> {
    const socket = connect({ port: node.port, host: '127.0.0.1' });
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    return socket;
  }

  async function ended(socket: Socket): Promise<void> {
    socket.resume();
    if (!socket.closed) await once(socket, 'close');
  }

  it('ends a connection that sends garbage', async () => {
    const socket = await open();
    socket.write(Buffer.alloc(2000, 0xfe));

    await ended(socket);
    expect(socket.destroyed).toBe(true);
  });

  it('ends an HTTP/2 connection with malformed frames', async () => {
    const socket = await open();
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(Buffer.alloc(4000, 0xff));

    await ended(socket);
    expect(socket.destroyed).toBe(true);
  });

  it('stays up when connections break off in the middle of everything', async () => {
    for (const text of [
      'P',
      'PRI * HT',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'GET /health/live HTTP/1.1\r\n',
    ]) {
      const socket = await open();
      socket.write(text);
      socket.resetAndDestroy();
    }
    expect((await fetch(`http://127.0.0.1:${node.port}/health/live`)).status).toBe(204);
  });

  it.each([
    ['a method that is not there', '/event_store.client.streams.Streams/Nothing', Buffer.alloc(5), '12'],
    ['a service that is not there', '/nothing.Nothing/Nothing', Buffer.alloc(5), '12'],
    [
      'a message that is no protobuf',
      '/event_store.client.streams.Streams/Read',
      framed(Buffer.alloc(30, 0xff)),
      '13',
    ],
    [
      'a message said to be giant',
      '/event_store.client.streams.Streams/Read',
      Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1]),
      '8',
    ],
  ])('answers %s with a gRPC error', async (_what, path, body, code) => {
    const session = connectHttp2(`http://127.0.0.1:${node.port}`);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      te: 'trailers',
    });
    let status: unknown;
    stream.on('response', (headers) => (status ??= headers['grpc-status']));
    stream.on('trailers', (headers) => (status ??= headers['grpc-status']));
    stream.on('error', () => undefined);
    stream.end(body);
    stream.resume();
    await once(stream, 'close');
    session.destroy();

    expect(status).toBe(code);
  });

  it('gives up a filter that would backtrack without end', async () => {
    await client.appendToStream('filtered', jsonEvent({ type: `${'a'.repeat(100)}!`, data: {} }));
    const read = async (): Promise<void> => {
      const filter = eventTypeFilter({ regex: '^(?=(a+)+$)' });
      for await (const _ of client.subscribeToAll({ filter }));
    };

    await expect(read()).rejects.toThrow('takes too long');
  });

  it('refuses appends that are never finished when they take too much memory', async () => {
    const streams = new StreamsClient(`127.0.0.1:${node.port}`, credentials.createInsecure());
    const call = streams.batchAppend();
    const answers: string[] = [];
    call.on('data', (response: BatchAppendResp) =>
      answers.push(response.getError()!.getDetails()!.getTypeUrl()),
    );
    call.on('error', () => undefined);
    const data = Buffer.alloc(1_000_000);
    // On a slow machine the first ones time out before the others have come.
    while (!answers.some((answer) => answer.includes('BadRequest'))) {
      for (let n = 0; n < 40; n += 1) call.write(batch(randomUUID(), `s-${n}`, [{ data }], { final: false }));
      await once(call, 'data');
    }
    expect(answers.join()).toContain('BadRequest');
    call.cancel();
    streams.close();
  });

  it('has room for a thousand idle connections', async () => {
    const sockets = await Promise.all(Array.from({ length: 1000 }, open));
    const begun = performance.now();
    await client.appendToStream('busy', jsonEvent({ type: 'Served', data: {} }));
    const took = performance.now() - begun;
    for (const socket of sockets) socket.destroy();

    expect(took).toBeLessThan(5000);
  });
});

function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
