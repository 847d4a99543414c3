import { connect, type Socket } from 'node:net';
import { until } from '@latchkey/platform';
import { type Edge, openEdge } from './testing/edge';

let edge: Edge | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await edge?.close();
  edge = undefined;
});

/** A connection to the edge, and what came over it until it was closed. */
function open(): { socket: Socket; closed: Promise<string> } {
  const { hostname, port } = new URL(edge!.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  let text = '';
  const closed = new Promise<string>((resolve) => {
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
  return { socket, closed };
}

const GET = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

async function counted(): Promise<number> {
  const server = edge!.app.getHttpServer();
  return new Promise((resolve, reject) =>
    server.getConnections((error: Error | null, count: number) => (error ? reject(error) : resolve(count))),
  );
}

test('a client that asks and never reads is cut off, and what it asked for is let go', async () => {
  edge = await openEdge({ bounds: { writeWithin: 500 } });
  const { socket } = open();
  socket.pause();
  socket.write(GET('/docs/swagger-ui-bundle.js').repeat(8));
  await until(async () => (await counted()) === 1);
  await until(async () => (await counted()) === 0);
  expect((await edge.get('/health/live')).status).toBe(200);
});

test('a client that reads slowly gets all of it', async () => {
  edge = await openEdge({ bounds: { writeWithin: 1_000 } });
  const whole = (await (await fetch(`${edge.url}/docs/swagger-ui-bundle.js`)).arrayBuffer()).byteLength;
  const { socket } = open();
  let got = 0;
  socket.on('data', (chunk) => {
    got += chunk.length;
    socket.pause();
    // The bound is on real time that the socket's buffer does not move.
    setTimeout(() => socket.resume(), 20);
  });
  socket.write(GET('/docs/swagger-ui-bundle.js'));
  await until(() => got >= whole || socket.destroyed);
  expect(got).toBeGreaterThanOrEqual(whole);
});

test('requests sent ahead without end close the connection', async () => {
  edge = await openEdge();
  const { socket, closed } = open();
  socket.write(GET('/openapi.json').repeat(2_000));
  const text = await closed;
  expect(text.match(/HTTP\/1\.1 200/g)?.length ?? 0).toBeLessThanOrEqual(32);
  expect((await edge.get('/health/live')).status).toBe(200);
});

test('a few requests sent ahead are answered in turn', async () => {
  edge = await openEdge();
  const { socket, closed } = open();
  socket.write(
    `${GET('/health/live').repeat(15)}GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
  );
  expect((await closed).match(/HTTP\/1\.1 200/g)).toHaveLength(16);
});

test('an address that has its share of connections gets no more, and is told', async () => {
  edge = await openEdge({ bounds: { mostPerAddress: 5 } });
  for (let n = 0; n < 5; n += 1) open();
  await until(async () => (await counted()) === 5);
  expect(await open().closed).toMatch(/^HTTP\/1\.1 429 [^]*Too many connections/);
  sockets.splice(0).forEach((socket) => socket.destroy());
  await until(async () => (await counted()) === 0);
  expect((await edge.get('/health/live')).status).toBe(200);
});

test('connections are bounded in all', async () => {
  edge = await openEdge({ bounds: { most: 3 } });
  for (let n = 0; n < 3; n += 1) open();
  await until(async () => (await counted()) === 3);
  expect(await open().closed).toBe('');
});

test('headers that do not arrive are not waited for any longer than is set', async () => {
  edge = await openEdge();
  const before = performance.now();
  const { socket, closed } = open();
  socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n');
  expect(await closed).toMatch(/^HTTP\/1\.1 408 /);
  expect(performance.now() - before).toBeLessThan(20_000);
});
