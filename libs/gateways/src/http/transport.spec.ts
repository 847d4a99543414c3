import { createServer, type Server, type Socket } from 'node:net';
import { type AddressInfo } from 'node:net';
import { ScriptedMaker } from '../testing/scripted-maker';
import { type HttpRequest, Transport } from './transport';

const post: HttpRequest = { method: 'POST', path: ['x'], headers: {}, body: '{}' };
const get: HttpRequest = { method: 'GET', path: ['x'], headers: {} };

describe('Transport', () => {
  let server: ScriptedMaker;
  let transport: Transport | undefined;

  beforeEach(async () => {
    server = await ScriptedMaker.start();
  });

  afterEach(async () => {
    await transport?.close();
    await server.close();
  });

  const to = (baseUrl: string, options: ConstructorParameters<typeof Transport>[1] = {}) =>
    (transport = new Transport(baseUrl, { timeoutMs: 300, ...options }));

  it('sends what goes with each request, as it is then', async () => {
    let time = 0;
    const timed = to(server.url, { headers: () => ({ 'x-time': String(++time) }) });
    await timed.exchange({ ...get, headers: { 'x-own': 'own' } });
    await timed.exchange(get);
    expect(server.requests.map(({ headers }) => [headers['x-time'], headers['x-own']])).toEqual([
      ['1', 'own'],
      ['2', undefined],
    ]);
  });

  describe('knows that nothing was sent', () => {
    it('if nobody listens', async () => {
      const { url } = server;
      await server.close();
      expect(await to(url).exchange(post)).toEqual({ kind: 'not-sent', reason: 'ECONNREFUSED' });
      server = await ScriptedMaker.start();
    });

    it('if there is no such host', async () => {
      expect(await to('http://nowhere.invalid', { timeoutMs: 5000 }).exchange(post)).toEqual({
        kind: 'not-sent',
        reason: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
      });
    });

    it('if the other side does not speak TLS', async () => {
      expect(await to(server.url.replace('http:', 'https:')).exchange(post)).toMatchObject({
        kind: 'not-sent',
      });
    });

    it('if the other side accepts the connection and then says nothing of TLS', async () => {
      const silent = await tcpServer(() => undefined);
      expect(await to(`https://127.0.0.1:${silent.port}`).exchange(post)).toMatchObject({ kind: 'not-sent' });
      await silent.close();
    });

    it('if the other side drops the connection during the TLS handshake', async () => {
      const rude = await tcpServer((socket) => socket.once('data', () => socket.destroy()));
      expect(await to(`https://127.0.0.1:${rude.port}`).exchange(post)).toMatchObject({ kind: 'not-sent' });
      await rude.close();
    });

    it('if no connection became free in time; and then it never is', async () => {
      const queued = to(server.url, { connections: 1 });
      server.reply = () => 'hang';
      const first = queued.exchange({ ...post, timeoutMs: 600 });
      const second = queued.exchange({ ...post, path: ['second'], timeoutMs: 100 });
      expect(await second).toEqual({ kind: 'not-sent', reason: 'no answer in time' });
      expect(await first).toMatchObject({ kind: 'lost' });
      server.reply = () => ({ status: 200 });
      expect(await queued.exchange({ ...post, path: ['third'] })).toMatchObject({ kind: 'response' });
      expect(server.requests.map(({ url }) => url)).toEqual(['/x', '/third']);
    });

    it('if it is closed', async () => {
      await to(server.url).close();
      expect(await (transport as Transport).exchange(post)).toMatchObject({ kind: 'not-sent' });
    });
  });

  describe('does not know', () => {
    it.each<[string, (socket: Socket) => void]>([
      [
        'if the connection is dropped when the request is there',
        (socket) => socket.once('data', () => socket.destroy()),
      ],
      ['if the connection is reset', (socket) => socket.once('data', () => socket.resetAndDestroy())],
      ['if the answer is not HTTP', (socket) => socket.once('data', () => socket.end('220 smtp ready\r\n'))],
      [
        'if the answer ends within its headers',
        (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-')),
      ],
      ['if the answer never comes', () => undefined],
      [
        'if the answer never ends',
        (socket) =>
          socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')),
      ],
    ])('%s', async (_why, behave) => {
      const strange = await tcpServer(behave);
      expect(await to(`http://127.0.0.1:${strange.port}`).exchange(post)).toMatchObject({ kind: 'lost' });
      await strange.close();
    });

    it('if the answer is longer than anybody wants to read', async () => {
      server.reply = () => ({ status: 200, body: 'x'.repeat(5000) });
      const bounded = to(server.url, { maxBodyBytes: 1000 });
      expect(await bounded.exchange(post)).toEqual({ kind: 'lost', reason: 'the answer is too long' });
    });
  });

  it('gives status, headers and body of an answer, whichever its status', async () => {
    server.reply = ({ body }) => ({ status: 418, headers: { 'retry-after': '3' }, body: `got ${body}` });
    expect(await to(`${server.url}/v1/`).exchange({ ...post, path: ['a b', 'ä'] })).toMatchObject({
      kind: 'response',
      status: 418,
      headers: { 'retry-after': '3' },
      body: 'got {}',
    });
    expect(server.requests[0]?.url).toBe('/v1/a%20b/%C3%A4');
  });

  it.each(['.', '..'])('does not let %j name a place above', async (name) => {
    await to(`${server.url}/v1`).exchange({ ...get, path: ['codes', name] });
    expect(new URL(server.requests[0]?.url ?? '', server.url).pathname).toMatch(/^\/v1\/codes\/./);
  });

  it('sends nothing twice, also when a connection that was kept turns out to be gone', async () => {
    const kept = to(server.url, { connections: 1 });
    expect(await kept.exchange(post)).toMatchObject({ kind: 'response' });
    server.reply = () => 'drop';
    expect(await kept.exchange(post)).toMatchObject({ kind: 'lost' });
    expect(server.requests).toHaveLength(2);
  });

  it('goes on after a failure', async () => {
    let failed = false;
    server.reply = () => (failed ? { status: 200 } : ((failed = true), 'drop'));
    expect(await to(server.url).exchange(get)).toMatchObject({ kind: 'lost' });
    expect(await (transport as Transport).exchange(get)).toMatchObject({ kind: 'response', status: 200 });
  });

  it('ends what is in flight when it is closed', async () => {
    server.reply = () => 'hang';
    const patient = to(server.url, { timeoutMs: 60_000 });
    const arrived = new Promise<void>((resolve) => {
      server.reply = () => (resolve(), 'hang');
    });
    const exchange = patient.exchange(post);
    await arrived;
    await patient.close();
    expect(await exchange).toMatchObject({ kind: 'lost' });
  });
});

async function tcpServer(
  behave: (socket: Socket) => void,
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    behave(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
