import type { AddressInfo } from 'node:net';
import { Cloud } from './cloud';
import { httpServer } from './http/server';
import { furnish } from './sandbox';

export interface LockCloudOptions {
  /** 0 picks a free one. */
  port: number;
  /** 127.0.0.1 unless set otherwise. The simulator's routes answer to loopback addresses only. */
  host?: string;
  /** Folder for the cloud's memory, made if it isn't there; or ':memory:'. */
  dataDir: string;
  /** The one OAuth client that is known. */
  clientId: string;
  clientSecret: string;
  /** Where the client may be sent back to, exactly; the client can register others later. */
  redirectUris?: readonly string[];
  /** Seed of the locks' random numbers. */
  seed?: number;
  /** Where the clock begins (ms) if the data folder holds none yet; else with the wall, running. */
  clock?: { now: number; running: boolean };
  /** Begins as if the data folder held no clock. */
  resetClock?: boolean;
  /** 'none': no locks to begin with. Else the four of the sandbox, at the first start. */
  locks?: 'sandbox' | 'none';
}

export interface LockCloud {
  port: number;
  url: string;
  close(): Promise<void>;
}

/**
 * Starts the simulated lock maker's cloud: the HTTP API that lock makers offer, over simulated locks, with a
 * simulator's API beside it. Goes on where the data folder was left, also after a kill.
 * Rejects if the port is taken or the folder cannot be used, with one sentence that says so.
 */
export async function startLockCloud(options: LockCloudOptions): Promise<LockCloud> {
  const { port, host = '127.0.0.1', dataDir, clientId, clientSecret, redirectUris = [], seed = 1 } = options;
  const clock = options.clock ?? { now: Date.now(), running: true };
  const cloud = new Cloud({ dataDir, seed, clock, resetClock: options.resetClock ?? false });
  const server = httpServer(cloud, { clientId, clientSecret, redirectUris });
  try {
    furnish(cloud, options.locks !== 'none');
    await server.listen({ port, host });
  } catch (error) {
    await server.close();
    await cloud.close();
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE') throw new Error(`Port ${port} on ${host} is taken.`, { cause: error });
    if (code === 'EACCES') throw new Error(`Port ${port} on ${host} may not be used.`, { cause: error });
    throw error;
  }
  const bound = (server.server.address() as AddressInfo).port;
  const close = async () => {
    await server.close();
    await cloud.close();
  };
  return { port: bound, url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, close };
}
