import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Delivery {
  event_type: string;
  timestamp: string;
  [field: string]: unknown;
}

/** A real HTTP server that webhooks are delivered to. It keeps what it got, and answers as it is told. */
export class Subscriber {
  readonly deliveries: Delivery[] = [];
  readonly bodies: string[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((request, response) => this.receive(request, response));
  private port = 0;
  /** The status to answer with, or undefined to answer nothing at all. */
  respond: (delivery: Delivery) => number | undefined | Promise<number> = () => 200;

  static async start(): Promise<Subscriber> {
    const subscriber = new Subscriber();
    subscriber.server.on('connection', (socket) => {
      subscriber.sockets.add(socket);
      socket.on('close', () => subscriber.sockets.delete(socket));
    });
    await subscriber.listen();
    return subscriber;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook?of=tests`;
  }

  get types(): string[] {
    return this.deliveries.map(({ event_type }) => event_type);
  }

  /** Listens, again on the same port after a `close`. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const delivery = JSON.parse(body) as Delivery;
      this.bodies.push(body);
      this.deliveries.push(delivery);
      void Promise.resolve(this.respond(delivery)).then((status) => {
        if (status !== undefined) response.writeHead(status).end();
      });
    });
  }
}
