import { EventStoreDBClient, jsonEvent, START } from '@eventstore/db-client';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningNode } from '../node/node-options';
import { startNode } from '../node/start-node';
import { EventRewriting } from './replace-event';

describe('rewriting an event of a private node', () => {
  let dataDir: string;
  let node: RunningNode;
  let client: EventStoreDBClient;
  let rewriting: EventRewriting;

  const open = async (): Promise<void> => {
    node = await startNode({ dataDir, access: 'private' });
    client = new EventStoreDBClient({ endpoint: node.connectionString }, { insecure: true });
    rewriting = new EventRewriting(node.connectionString);
  };
  const close = async (): Promise<void> => {
    rewriting.close();
    await client.dispose();
    await node.close();
  };
  const read = async () => {
    const events = [];
    for await (const { event } of client.readStream('told', { fromRevision: START })) events.push(event!);
    return events;
  };

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'eventstore-rewriting-'));
    await open();
    const told = ['Ada', 'Bob', 'Cleo'].map((name) =>
      jsonEvent({ type: 'Told', data: { name }, metadata: { name } }),
    );
    await client.appendToStream('told', told);
  });
  afterAll(async () => {
    await close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('is read by everybody as it is now, where it was, also after a restart', async () => {
    const before = await read();
    const { id } = before[1]!;
    const content = { data: { name: null }, metadata: { erased: true } };
    expect(await rewriting.replace({ stream: 'told', revision: 1, id, ...content })).toBe(true);

    const expected = before.map((event, n) => (n === 1 ? { ...event, ...content } : event));
    expect(await read()).toEqual(expected);
    const all = [];
    for await (const { event } of client.readAll()) if (event?.streamId === 'told') all.push(event.data);
    expect(all).toEqual(expected.map(({ data }) => data));

    await close();
    await open();
    expect(await read()).toEqual(expected);
  });

  it('is refused where another event is in its place, and where it makes no sense', async () => {
    const before = await read();
    const content = { data: {}, metadata: {} };
    const { id } = before[0]!;
    expect(await rewriting.replace({ stream: 'told', revision: 2, id, ...content })).toBe(false);
    expect(await rewriting.replace({ stream: 'unknown', revision: 0, id, ...content })).toBe(false);
    await expect(rewriting.replace({ stream: 'told', revision: -1, id, ...content })).rejects.toThrow(
      'this is no replacement of an event',
    );
    expect(await read()).toEqual(before);
  });
});
