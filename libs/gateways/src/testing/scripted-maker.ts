import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type LockMaker } from '../http/lock-maker';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the server does with a request: answers it, drops the connection before or amid an answer, or nothing. */
export type Reply =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string | object }
  | 'drop'
  | 'drop amid the answer'
  | 'hang';

/** A server in a lock maker's place that does just what a test tells it, also what no sane server would. */
export class ScriptedMaker {
  readonly requests: SeenRequest[] = [];
  reply: (request: SeenRequest) => Reply | Promise<Reply> = () => ({ status: 200, body: {} });
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<ScriptedMaker> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const body = Buffer.concat(chunks).toString('utf8');
        const seen = { method, url, headers, body };
        maker.requests.push(seen);
        void Promise.resolve(maker.reply(seen)).then((reply) => send(reply, response));
      });
    });
    const maker = new ScriptedMaker(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return maker;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The configuration that leads to this server. */
  get lockMaker(): LockMaker {
    return {
      name: 'acme',
      displayName: 'Acme Locks',
      baseUrl: `${this.url}/v1`,
      clientId: 'latchkey',
      clientSecret: 'client-secret-0123456789',
    };
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

function send(reply: Reply, response: ServerResponse): void {
  if (reply === 'hang') return;
  if (reply === 'drop') {
    response.destroy();
    return;
  }
  if (reply === 'drop amid the answer') {
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': '100' });
    response.write('{"access_code_id":', () => response.destroy());
    return;
  }
  const { status, headers, body = '' } = reply;
  const type = typeof body === 'object' ? { 'content-type': 'application/json' } : {};
  response
    .writeHead(status, { ...type, ...headers })
    .end(typeof body === 'object' ? JSON.stringify(body) : body);
}
