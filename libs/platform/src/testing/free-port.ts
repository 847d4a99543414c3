import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Below all that systems give to who asks for any port, so that no connection takes one before its server listens. */
const LOWEST = 10_000;
/** How many a process of the test run has to itself: two that look at once find different ones. */
const SHARE = 1_000;
const SHARES = 22;

let next = randomInt(SHARE);

/**
 * A port of 127.0.0.1 that nobody listens on, for a server that must be told its port before it starts.
 * @throws Error where none of this process's share is free
 */
export async function freePort(protocol: 'tcp' | 'udp' = 'tcp'): Promise<number> {
  const share = Number(process.env.JEST_WORKER_ID ?? 0) % SHARES;
  for (let tried = 0; tried < SHARE; tried++) {
    const port = LOWEST + share * SHARE + (next++ % SHARE);
    if (await (protocol === 'tcp' ? isFreeForTcp(port) : isFreeForUdp(port))) return port;
  }
  throw new Error(`no ${protocol} port from ${LOWEST + share * SHARE} on is free`);
}

function isFreeForTcp(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function isFreeForUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
