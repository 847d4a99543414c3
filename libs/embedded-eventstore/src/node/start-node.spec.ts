import { EventStoreDBClient, jsonEvent, streamNameFilter } from '@eventstore/db-client';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { type RunningNode } from './node-options';
import { spawnNode } from './spawn-node';
import { startNode } from './start-node';

const event = (n: number) => jsonEvent({ type: 'Counted', data: { n }, metadata: { by: 'test' } });

async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of events) all.push(item);
  return all;
}

describe('a node on a data folder', () => {
  let dataDir: string;
  let node: RunningNode;
  let client: EventStoreDBClient;

  const connect = async (): Promise<void> => {
    node = await startNode({ dataDir, port: 0, access: 'insecure' });
    client = EventStoreDBClient.connectionString(node.connectionString);
  };
  const disconnect = async (): Promise<void> => {
    await client.dispose();
    await node.close();
  };

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'eventstore-'));
    await connect();
  });

  afterEach(async () => {
    await disconnect();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('reads back what was appended, also after a restart', async () => {
    const { nextExpectedRevision } = await client.appendToStream('count-1', [event(1), event(2)]);
    await client.appendToStream('count-1', event(3), { expectedRevision: nextExpectedRevision });

    await disconnect();
    await connect();

    const events = await collect(client.readStream('count-1'));
    expect(events.map(({ event }) => [event?.revision, event?.type, event?.data, event?.metadata])).toEqual([
      [0n, 'Counted', { n: 1 }, { by: 'test' }],
      [1n, 'Counted', { n: 2 }, { by: 'test' }],
      [2n, 'Counted', { n: 3 }, { by: 'test' }],
    ]);
  });

  it('gives a subscriber history and news alike, each event once and in order', async () => {
    const total = 600;
    const seen: number[] = [];
    const appends = (async () => {
      for (let n = 0; n < total; n += 1) await client.appendToStream(`count-${n % 7}`, event(n));
    })();
    const subscription = client.subscribeToAll({
      filter: streamNameFilter({ prefixes: ['count-'] }),
    });
    let caughtUp = false;
    subscription.on('caughtUp', () => (caughtUp = true));
    for await (const { event } of subscription) {
      seen.push((event?.data as { n: number }).n);
      if (seen.length === total) break;
    }
    await appends;

    expect(seen).toEqual(Array.from({ length: total }, (_, n) => n));
    expect(caughtUp).toBe(true);
  });

  it('refuses a data folder that another node has', async () => {
    await expect(startNode({ dataDir, port: 0, access: 'insecure' })).rejects.toThrow(
      /in use by another process/,
    );
    await expect(spawnNode({ dataDir, port: 0, access: 'insecure' })).rejects.toThrow(
      /in use by another process/,
    );
  });

  it('refuses a port that is taken', async () => {
    await expect(startNode({ dataDir: ':memory:', port: node.port, access: 'insecure' })).rejects.toThrow(
      /is taken/,
    );
  });
});

describe('a node in a child process', () => {
  it('serves, and is gone when closed', async () => {
    const node = await spawnNode({ dataDir: ':memory:', port: 0, access: 'insecure' });
    const client = EventStoreDBClient.connectionString(node.connectionString);
    await client.appendToStream('count-1', event(1));
    expect(await collect(client.readStream('count-1'))).toHaveLength(1);
    await client.dispose();

    await node.close();

    expect(await node.exited).toBe(0);
    expect(() => process.kill(node.pid, 0)).toThrow(/ESRCH/);
  });

  it('ends when its parent is killed', async () => {
    const { spawn } = await import('node:child_process');
    const program = `
      require(${JSON.stringify(join(__dirname, '../../../../scripts/typescript.cjs'))});
      const { spawnNode } = require(${JSON.stringify(join(__dirname, 'spawn-node.ts'))});
      spawnNode({ dataDir: ':memory:', port: 0, access: 'insecure' }).then((node) => console.log(node.pid));
    `;
    const parent = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(output.toString());
    expect(() => process.kill(pid, 0)).not.toThrow();

    parent.kill('SIGKILL');

    const isAlive = (): boolean => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    while (isAlive()) await new Promise(setImmediate);
    expect(isAlive()).toBe(false);
  });
});
