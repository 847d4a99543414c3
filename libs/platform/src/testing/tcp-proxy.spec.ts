import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
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

  const client = async (port = proxy.port) => {
    const socket = connect(port, '127.0.0.1');
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
  /**
   * There and back again by a proxy that nothing ails. All of it is one event loop: what was said before would have been
   * heard by then.
   */
  const meanwhile = async () => {
    const other = await TcpProxy.to((echo.address() as AddressInfo).port);
    const one = await client(other.port);
    one.say('!');
    await one.hears('!');
    await other.close();
  };

  it('passes on, and passes on later when it is asked to', async () => {
    const one = await client();
    one.say('a');
    await one.hears('a');
    // Real time: a proxy delays real sockets by the machine's clock.
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
    await until(() => proxy.pieces >= 1);
    proxy.delay(10);
    one.say('b');
    await until(() => proxy.pieces >= 2);
    proxy.heal();
    one.say('c');
    await until(() => proxy.pieces >= 3);
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
    await meanwhile();
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
    await meanwhile();
    expect(one.heard()).toBe('a');
    proxy.thaw();
    await one.hears('ab');
  });

  it('accepts while it is frozen and answers nothing', async () => {
    proxy.freeze();
    const one = await client();
    one.say('a');
    await meanwhile();
    expect([one.heard(), one.ended(), proxy.accepted]).toEqual(['', '', 1]);
  });

  it('resets new connections while it refuses', async () => {
    proxy.refuse();
    const socket = connect(proxy.port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });
});
