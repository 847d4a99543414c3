import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type LockReport } from '../lock-gateway';
import { parseReport } from '../http/webhooks';

/** An HTTP server that lock makers can send their reports to. */
export class ReportReceiver {
  readonly reports: LockReport[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<ReportReceiver> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(receiver.#take(Buffer.concat(chunks).toString('utf8'))).end();
      });
    });
    const receiver = new ReportReceiver(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  /** The status to answer with. */
  #take(body: string): number {
    try {
      const report = parseReport(JSON.parse(body));
      if (report !== null) this.reports.push(report);
      return 204;
    } catch {
      return 400;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/reports`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}
