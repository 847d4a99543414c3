import { ApiError } from '@latchkey/platform';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { rawErrorAnswer } from './answers';

/** What one client may hold of the server, whether it has a key or not. */
export interface ConnectionBounds {
  /** Connections at once; those beyond are closed as they come. */
  readonly most: number;
  /** Of one address. A proxy is one address. */
  readonly mostPerAddress: number;
  /** Requests sent ahead on a connection that wait for their answers; beyond, the connection is closed. */
  readonly mostUnanswered: number;
  /** A connection that takes nothing of an answer for this long is closed, ms. */
  readonly writeWithin: number;
}

export const CONNECTION_BOUNDS: ConnectionBounds = {
  most: 4000,
  mostPerAddress: 1000,
  mostUnanswered: 32,
  writeWithin: 20_000,
};

/** How long a connection may be silent, or in the middle of a request's head, before it is taken for unused, ms. */
const UNUSED_AFTER_MS = 1_500;

const unused = new WeakMap<Server, () => void>();

/**
 * Closes the connections on which no request is under way, those included that never carried one or have sent no more
 * than the beginning of one: Node takes these for active, and would wait for them. What was sent a moment ago may not
 * have been read yet.
 */
export function closeUnused(server: Server): void {
  server.closeIdleConnections();
  unused.get(server)?.();
}

interface Connection {
  /** Bytes of answers that the other side has taken, and since when it has taken no more, ms. */
  taken: number;
  since: number;
  /** When a request was last answered, ms. */
  used: number;
  /** Requests that wait for their answers. */
  unanswered: number;
}

/** Keeps connections within bounds, so that nobody holds more memory than so many times a few kilobytes. */
export function boundConnections(server: Server, bounds: ConnectionBounds): void {
  server.maxConnections = bounds.most;
  const byAddress = new Map<string, number>();
  const open = new Map<Socket, Connection>();

  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (byAddress.get(address) ?? 0) + 1;
    byAddress.set(address, count);
    const now = performance.now();
    open.set(socket, { taken: 0, since: now, used: now, unanswered: 0 });
    socket.once('close', () => {
      open.delete(socket);
      const left = byAddress.get(address)! - 1;
      if (left > 0) byAddress.set(address, left);
      else byAddress.delete(address);
    });
    if (count > bounds.mostPerAddress) refuse(socket);
  });

  unused.set(server, () => {
    const usedBefore = performance.now() - UNUSED_AFTER_MS;
    for (const [socket, { unanswered, used }] of open)
      if (unanswered === 0 && used < usedBefore) socket.destroy();
  });
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const connection = open.get(socket);
    if (!connection) return;
    connection.unanswered++;
    response.on('close', () => {
      connection.unanswered--;
      connection.used = performance.now();
    });
    if (connection.unanswered > bounds.mostUnanswered) socket.destroy();
  });

  const sweep = setInterval(() => {
    const now = performance.now();
    for (const [socket, seen] of open) {
      // Bytes that the other side has not taken yet are counted as written.
      const taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || taken !== seen.taken) Object.assign(seen, { taken, since: now });
      else if (now - seen.since >= bounds.writeWithin) socket.destroy();
    }
  }, bounds.writeWithin / 10).unref();
  server.once('close', () => clearInterval(sweep));
}

function refuse(socket: Socket): void {
  const error = ApiError.tooManyRequests(1, 'Too many connections from this address.');
  socket.end(rawErrorAnswer(error, randomUUID()), () => socket.destroy());
}
