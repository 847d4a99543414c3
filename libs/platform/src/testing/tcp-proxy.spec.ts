import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { TcpProxy } from './tcp-proxy';
import { until } from './until';

describe('the proxy', () => {
  let echo: Server;
  let proxy: TcpProxy;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    echo = createServer((socket) => void socket.on('error', () => undefined).pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    proxy = await TcpProxy.to((echo.address() as AddressInfo).port);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await proxy.close();
    await new Promise((resolve) => echo.close(resolve));
  });

  const client = async () => {
    const socket = connect(proxy.port, '127.0.0.1');
    sockets.push(socket);
    let heard = '';
    let ended = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    socket.on('error', (error: NodeJS.ErrnoException) => (ended = error.code!));
    await once(socket, 'connect');
    return {
      say: (text: string) => socket.write(text),
      heard: () => heard,
      ended: () => ended,
      hears: (text: string) => until(() => heard === text),
    };
  };
  /** Only real time shows that nothing comes, or that it comes late: ms. */
  /** Real time, here and below: a proxy delays real sockets by the machine's clock. Silence is no answer for this long, ms. */
  const quiet = 100;

  it('passes on, and passes on later when it is asked to', async () => {
    const one = await client();
    one.say('a');
    await one.hears('a');
    proxy.delay(40);
    const from = performance.now();
    one.say('b');
    await one.hears('ab');
    expect(performance.now() - from).toBeGreaterThan(70);
  });

  it('keeps the order, also when the delay becomes shorter', async () => {
    const one = await client();
    proxy.delay(150);
    one.say('a');
    await delay(20);
    proxy.delay(10);
    one.say('b');
    await delay(20);
    proxy.heal();
    one.say('c');
    await delay(20);
    one.say('d');
    await until(() => one.heard().length >= 4);
    expect(one.heard()).toBe('abcd');
  });

  it('cuts the existing connections, and lets new ones through', async () => {
    const one = await client();
    one.say('a');
    await one.hears('a');
    proxy.cut();
    await until(() => one.ended() !== '');
    expect(one.ended()).toBe('ECONNRESET');
    const two = await client();
    two.say('b');
    await two.hears('b');
  });

  it.each(['freeze', 'halfOpen'] as const)('falls silent on %s without closing', async (how) => {
    const one = await client();
    one.say('a');
    await one.hears('a');
    proxy[how]();
    one.say('b');
    await delay(quiet);
    expect([one.heard(), one.ended()]).toEqual(['a', '']);
    proxy.heal();
    const two = await client();
    two.say('c');
    await two.hears('c');
    expect([one.heard(), one.ended()]).toEqual(['a', '']);
  });

  it('lets frozen connections go on where they were when it thaws', async () => {
    const one = await client();
    one.say('a');
    await one.hears('a');
    proxy.freeze();
    one.say('b');
    await delay(quiet);
    expect(one.heard()).toBe('a');
    proxy.thaw();
    await one.hears('ab');
  });

  it('accepts while it is frozen and answers nothing', async () => {
    proxy.freeze();
    const one = await client();
    one.say('a');
    await delay(quiet);
    expect([one.heard(), one.ended(), proxy.accepted]).toEqual(['', '', 1]);
  });

  it('resets new connections while it refuses', async () => {
    proxy.refuse();
    const socket = connect(proxy.port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });
});
