import { type ConnectionInjector } from '@grpc/grpc-js';
import { chmodSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { StartRefused } from '../storage/database';
import { type NodeCertificates } from './certificates';

/** The first bytes of every HTTP/2 connection; no HTTP/1.1 request begins like this. */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0');

/** A connection that says nothing for this long is closed, ms. */
const FIRST_BYTES_WITHIN = 60_000;

/**
 * One port for gRPC, which is HTTP/2, and for plain HTTP/1.1 requests. It looks at how a connection begins (with TLS:
 * at what was negotiated) and hands it to whom it is for.
 */
export class FrontDoor {
  private readonly http: HttpServer;
  private readonly server: Server;
  private readonly undecided = new Set<Socket>();
  /** A server that does not itself listen does not know its connections, so they are known here. */
  private readonly http1 = new Set<Socket>();
  private readonly http2 = new Set<Socket>();

  constructor(
    private readonly grpc: ConnectionInjector,
    requests: RequestListener,
    certificates: NodeCertificates | undefined,
    mostConnections = Infinity,
  ) {
    this.http = createHttpServer({ keepAliveTimeout: 5000 }, requests);
    this.server = certificates ? this.overTls(certificates) : this.plain();
    if (mostConnections !== Infinity) this.server.maxConnections = mostConnections;
  }

  /**
   * @returns the port
   * @throws StartRefused when it cannot be had
   */
  async listen(host: string, port: number): Promise<number> {
    await this.listenOn({ host, port }, (error) =>
      error.code === 'EADDRINUSE'
        ? `port ${port} on ${host} is taken`
        : `cannot listen on ${host}:${port}: ${error.message}`,
    );
    const address = this.server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  /**
   * Listens on a Unix socket, for the account of this process alone.
   * @throws StartRefused when it cannot be had
   */
  async listenOnSocket(path: string): Promise<void> {
    await this.listenOn({ path }, (error) => `cannot listen on ${path}: ${error.message}`);
    chmodSync(path, 0o600);
  }

  private listenOn(where: ListenOptions, refusal: (error: NodeJS.ErrnoException) => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(new StartRefused(refusal(error)));
      this.server.once('error', failed);
      this.server.listen({ ...where, backlog: 1024 }, () => {
        this.server.off('error', failed);
        resolve();
      });
    });
  }

  /** Takes no new connections and ends those that are not gRPC's. */
  close(): void {
    this.server.close();
    this.http.close();
    for (const socket of [...this.undecided, ...this.http1]) socket.destroy();
  }

  /** Ends gRPC's connections too, whatever is going on in them. */
  cutConnections(): void {
    for (const socket of this.http2) socket.destroy();
  }

  private plain(): Server {
    return createServer({ noDelay: true }, (socket) => {
      this.undecided.add(socket);
      const gone = (): void => {
        socket.destroy();
      };
      const decide = (): void => {
        const bytes = socket.read() as Buffer | null;
        if (!bytes) return;
        socket.off('readable', decide);
        socket.off('error', gone);
        socket.setTimeout(0);
        this.undecided.delete(socket);
        socket.unshift(bytes);
        const length = Math.min(bytes.length, HTTP2_PREFACE.length);
        const isHttp2 = bytes.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
        this.handOn(socket, isHttp2);
      };
      socket.on('readable', decide);
      socket.on('error', gone);
      socket.once('close', () => this.undecided.delete(socket));
      socket.setTimeout(FIRST_BYTES_WITHIN, gone);
    });
  }

  private overTls({ key, cert, ca }: NodeCertificates): Server {
    const server = createTlsServer({
      key,
      cert,
      ca,
      minVersion: 'TLSv1.2',
      handshakeTimeout: FIRST_BYTES_WITHIN,
      // gRPC clients offer h2 alone; a client that offers HTTP/1.1 too is not a gRPC client and is better served by
      // that.
      ALPNCallback: ({ protocols }) =>
        protocols.includes('http/1.1') ? 'http/1.1' : protocols.includes('h2') ? 'h2' : undefined,
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.setNoDelay(true);
      this.handOn(socket, socket.alpnProtocol === 'h2');
    });
    // A failed handshake is the client's affair.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }

  private handOn(socket: Socket, isHttp2: boolean): void {
    socket.on('error', () => socket.destroy());
    const sockets = isHttp2 ? this.http2 : this.http1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    if (isHttp2) this.grpc.injectConnection(socket);
    else this.http.emit('connection', socket);
  }
}
