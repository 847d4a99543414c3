import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningNode } from '../node/node-options';
import { startNode } from '../node/start-node';
import { spawnNode } from '../node/spawn-node';
import { DATABASE_FILE } from '../storage/database';
import { holdFile } from './hold-file';

const LARGE = 'x'.repeat(100_000);

describe('the file of a private node, held', () => {
  let folder: string;
  let node: RunningNode;
  let client: EventStoreDBClient;
  let appended = 0;
  const append = async (count: number) => {
    for (let n = 0; n < count; n++) {
      await client.appendToStream('counts', [jsonEvent({ type: 'Counted', data: { n: appended++, LARGE } })]);
    }
  };
  const asOwner = (address: string) => new EventStoreDBClient({ endpoint: address }, { insecure: true });
  /** How many events a copy of the file has, by a node of its own. */
  const countIn = async (copy: string) => {
    const other = await startNode({ dataDir: copy, access: 'private' });
    const reader = asOwner(other.connectionString);
    let count = 0;
    for await (const { event } of reader.readStream('counts')) if (event) count++;
    await reader.dispose();
    await other.close();
    return count;
  };
  const copyTo = (name: string) => {
    const copy = join(folder, name);
    mkdirSync(copy);
    copyFileSync(join(folder, 'data', DATABASE_FILE), join(copy, DATABASE_FILE));
    return copy;
  };
  const size = (name: string) => statSync(join(folder, 'data', name)).size;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'eventstore-held-'));
    // A process of its own: one that copies a file that it has locked itself lets go of the lock.
    const spawned = await spawnNode({ dataDir: join(folder, 'data'), access: 'private' });
    node = { ...spawned, notices: [], closed: spawned.exited.then(() => undefined) };
    client = asOwner(node.connectionString);
    await append(30);
  }, 60_000);
  afterAll(async () => {
    await client.dispose();
    await node.close();
    rmSync(folder, { recursive: true });
  });

  test('it has what was acknowledged before, and nothing of what comes later', async () => {
    const held = await holdFile(node.connectionString);
    // More than SQLite leaves in its log otherwise.
    const before = size(DATABASE_FILE);
    await append(200);
    expect(size(DATABASE_FILE)).toBe(before);
    const copy = copyTo('copy');
    await held.release();
    expect(await countIn(copy)).toBe(30);
  }, 60_000);

  test('let go, it takes up what came meanwhile', async () => {
    const before = size(DATABASE_FILE);
    await append(1);
    expect(size(DATABASE_FILE)).toBeGreaterThan(before);
    const held = await holdFile(node.connectionString);
    expect(await countIn(copyTo('later'))).toBe(appended);
    await held.release();
  }, 60_000);

  test('two may hold it, and one that is given up holds nothing', async () => {
    const [one, other] = [await holdFile(node.connectionString), await holdFile(node.connectionString)];
    one.abandon();
    const before = size(DATABASE_FILE);
    await append(200);
    expect(size(DATABASE_FILE)).toBe(before);
    await other.release();
    await append(1);
    expect(size(DATABASE_FILE)).toBeGreaterThan(before);
  }, 60_000);

  test('its holder learns that the node has ended', async () => {
    const other = await startNode({ dataDir: join(folder, 'other'), access: 'private' });
    const held = await holdFile(other.connectionString);
    await other.close();
    await expect(held.release()).rejects.toThrow(/has let go/);
    await expect(holdFile(other.connectionString)).rejects.toThrow();
  });
});
