import { scavengeAsOwner } from '@latchkey/embedded-eventstore';
import { SeededIds, until } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventStore, Position, RecordedEvent } from '../event-store';
import { EventStoreDb } from '../eventstoredb';
import { type ContractNode, contractNode } from '../testing/contract-node';
import { newEvent } from '../testing/counter';
import { Archive } from './archive';
import { ArchiveFolder } from './archive-folder';
import { ArchivedEventStore } from './archived-event-store';
import { Archiving } from './archiving';

/**
 * What is hidden in a stream can still be read in the order of all, until a scavenge erases it. On a server that is
 * given, it runs on a database without an archive: one belongs to its folder.
 */
describe('an archive beside EventStoreDB', () => {
  const run = randomUUID().slice(0, 8);
  const [ended, shortened, live] = ['ended', 'shortened', 'live'].map((name) => `arch${run}-${name}`) as [
    string,
    string,
    string,
  ];
  const path = mkdtempSync(join(tmpdir(), 'latchkey-archive-'));
  let node: ContractNode;
  let hot: EventStoreDb;
  beforeAll(async () => {
    node = await contractNode();
    hot = new EventStoreDb(node.url);
  });
  afterAll(async () => {
    await hot.close();
    await node.discard();
    rmSync(path, { recursive: true, force: true });
  });

  /** An archive does not have the text that an event was. */
  const unwritten = ({ written: _, ...event }: RecordedEvent): RecordedEvent => event;
  const amountOf = ({ data }: RecordedEvent) => (data as { amount: number }).amount;
  const amounts = async (events: AsyncIterable<RecordedEvent>) => {
    const read: number[] = [];
    for await (const event of events) read.push(amountOf(event));
    return read;
  };

  async function followed(store: EventStore, after?: Position): Promise<RecordedEvent[]> {
    const seen: RecordedEvent[] = [];
    let isCaughtUp = false;
    const subscription = store.subscribeToAll({
      ...{ after, prefixes: [`arch${run}-`] },
      onEvents: (events) => Promise.resolve(void seen.push(...events.map(unwritten))),
      onCaughtUp: () => (isCaughtUp = true),
    });
    await until(() => isCaughtUp);
    await subscription.stop();
    return seen;
  }

  it('reads and follows the same before, after, and once the store has erased it', async () => {
    const archive = await Archive.open(new ArchiveFolder(path), hot);
    const store = new ArchivedEventStore(hot, archive, () => true);
    const streams = [ended, shortened, live, ended, shortened, live, shortened];
    for (const [n, stream] of streams.entries()) await store.append(stream, [newEvent(n)], 'any');
    const before = await followed(store);
    expect(before.map(amountOf)).toEqual([0, 1, 2, 3, 4, 5, 6]);

    const parts = { archive, store: hot, clock: { now: () => 0 }, ids: new SeededIds(1) };
    const archiving = new Archiving({
      ...parts,
      reclaim: () => scavengeAsOwner(new URL(node.url.replace('esdb:', 'http:')).host),
    });
    expect(await archiving.archive([{ stream: ended }, { stream: shortened, before: 2 }])).toBe(4);
    expect(await amounts(hot.read(ended))).toEqual([]);

    const reads = async () => {
      expect(await followed(store)).toEqual(before);
      expect((await followed(store, before[2]!.position)).map(amountOf)).toEqual([3, 4, 5, 6]);
      expect(await amounts(store.read(ended))).toEqual([0, 3]);
      expect(await amounts(store.read(shortened, 1))).toEqual([4, 6]);
      expect(await amounts(store.readBackwards(shortened, 2))).toEqual([6, 4]);
      for (const event of before) expect(unwritten((await store.eventAt(event.position))!)).toEqual(event);
    };
    await reads();
    await archiving.reclaim();
    await reads();
    // EventStoreDB never erases the last event of a stream; the embedded one does.
    const left = (await followed(hot)).map(amountOf).filter((amount) => amount !== 3);
    expect(left).toEqual([2, 5, 6]);
    expect((await store.append(ended, [newEvent(7)], 1)).revision).toBe(2);
  });
});
