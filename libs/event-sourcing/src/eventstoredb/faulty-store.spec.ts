import { DeadlineExceededError, UnknownError } from '@eventstore/db-client';
import { startNode } from '@latchkey/embedded-eventstore';
import { Outage } from '@latchkey/platform';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newEvent } from '../testing/counter';
import { EventStoreDb } from './event-store-db';
import { meaning } from './outages';

const HOUR = 3_600_000;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** @param by how far the store's clock is ahead of ours, ms */
async function storeAhead(by: number): Promise<EventStoreDb> {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-faulty-'));
  ends.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const node = await startNode({ dataDir, port: 0, access: 'insecure', now: () => Date.now() + by });
  ends.push(() => node.close());
  const store = new EventStoreDb(node.connectionString);
  ends.push(() => store.close());
  return store;
}

describe('a store whose clock is not ours', () => {
  it.each([-72 * HOUR, 3 * HOUR, 72 * HOUR])('takes appends though it is off by %d ms', async (by) => {
    const store = await storeAhead(by);
    for (const n of [1, 2, 3]) await store.append('counter-1', [newEvent(n)], n === 1 ? 'no-stream' : n - 2);
    await store.truncateBefore('counter-1', 2);
    const revisions = [];
    for await (const { revision } of store.read('counter-1')) revisions.push(revision);
    expect(revisions).toEqual([2]);
  });
});

describe('errors of the client without a word', () => {
  it('are an outage with words: the store was late, or could not write and did not say why', () => {
    for (const error of [new DeadlineExceededError(), new UnknownError()]) {
      const meant = meaning(error);
      expect(meant).toBeInstanceOf(Outage);
      expect((meant as Outage).message).toMatch(/^the event store can not be used: \w.+/);
    }
  });

  it('leave the error to the caller', () => {
    const said = new UnknownError(undefined, 'Could not recognize BadRequest');
    expect(meaning(said)).toBe(said);
  });
});
