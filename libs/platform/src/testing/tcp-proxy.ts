import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

interface Link {
  readonly near: Socket;
  /** Undefined where the proxy accepts without connecting on. */
  readonly far: Socket | undefined;
}

/**
 * For tests: sits between a client and a server, and breaks their connections in the ways that networks do. A fault
 * affects the connections that exist and new ones, until `heal`.
 */
export class TcpProxy {
  private readonly links = new Set<Link>();
  private state: 'open' | 'frozen' | 'refusing' = 'open';
  private latency = 0;
  /** Connections accepted so far. */
  accepted = 0;
  /** Pieces of data that came so far, of either side. */
  pieces = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {
    server.on('connection', (near) => this.accept(near));
  }

  /** Listens on a free port and passes on to `port` at `host`. */
  static async to(port: number, host = '127.0.0.1'): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TcpProxy(server, { host, port });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Resets every connection. Those that come after are passed on. */
  cut(): void {
    for (const link of [...this.links]) this.drop(link, 'reset');
  }

  /**
   * Like a firewall that drops its state: nothing comes through in either direction, and neither side notices. New
   * connections are accepted and never answered.
   */
  freeze(): void {
    this.state = 'frozen';
    for (const { near, far } of this.links) {
      near.pause();
      far?.pause();
    }
  }

  /** Cuts, and resets new connections. */
  refuse(): void {
    this.state = 'refusing';
    this.cut();
  }

  /** Each piece takes `ms` longer, in either direction; 0: no longer. */
  delay(ms: number): void {
    this.latency = ms;
  }

  /** The server has left every connection and the clients do not know: what they send is lost. */
  halfOpen(): void {
    for (const { near, far } of this.links) {
      far?.removeAllListeners('close');
      far?.resetAndDestroy();
      near.removeAllListeners('data');
      near.resume();
    }
  }

  /** Connections from now on are passed on. Those that were frozen stay silent. */
  heal(): void {
    this.state = 'open';
    this.latency = 0;
  }

  /** Heals, and lets the frozen connections go on, like a process that is resumed. */
  thaw(): void {
    this.heal();
    for (const { near, far } of this.links) {
      near.resume();
      far?.resume();
    }
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const link of [...this.links]) this.drop(link);
    await closed;
  }

  private accept(near: Socket): void {
    this.accepted++;
    if (this.state === 'refusing') {
      near.resetAndDestroy();
      return;
    }
    const far =
      this.state === 'frozen' ? undefined : connect({ ...this.target, allowHalfOpen: true, noDelay: true });
    const link: Link = { near, far };
    this.links.add(link);
    const drop = (): void => this.drop(link);
    near.on('error', drop).on('close', drop);
    if (!far) {
      near.pause();
      return;
    }
    far.on('error', drop).on('close', drop);
    this.pass(near, far);
    this.pass(far, near);
  }

  private pass(from: Socket, to: Socket): void {
    const line = new Line(() => this.latency);
    from.on('data', (chunk: Buffer) => {
      this.pieces++;
      line.later(() => to.writable && to.write(chunk));
    });
    from.on('end', () => line.later(() => to.end()));
  }

  private drop(link: Link, how?: 'reset'): void {
    if (!this.links.delete(link)) return;
    for (const socket of [link.near, link.far]) {
      if (how) socket?.resetAndDestroy();
      else socket?.destroy();
    }
  }
}

/** One direction of a connection: however late its pieces are, none overtakes another. */
class Line {
  private readonly waiting: { readonly at: number; readonly work: () => unknown }[] = [];

  constructor(private readonly latency: () => number) {}

  later(work: () => unknown): void {
    const last = this.waiting.at(-1)?.at;
    if (last === undefined && this.latency() === 0) {
      work();
      return;
    }
    this.waiting.push({ at: Math.max(performance.now() + this.latency(), last ?? 0), work });
    if (last === undefined) this.wait();
  }

  private wait(): void {
    const next = this.waiting[0];
    if (next) setTimeout(() => this.passOn(), Math.max(0, next.at - performance.now())).unref();
  }

  private passOn(): void {
    while (this.waiting[0] && this.waiting[0].at <= performance.now()) this.waiting.shift()!.work();
    this.wait();
  }
}
