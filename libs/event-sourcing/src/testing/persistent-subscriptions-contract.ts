import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type EventStoreDBClient,
  PARK,
  type PersistentSubscriptionToAll,
  type PersistentSubscriptionToStream,
} from '@eventstore/db-client';
import type { EventStore } from '../event-store';
import {
  GROUP_DEFAULTS,
  GroupAbsent,
  GroupExists,
  type GroupName,
  NotParked,
  type PersistentSubscriptions,
} from '../persistent-subscriptions';
import { newEvent } from './counter';

/** Groups under test, and a client as consumers use one. */
export interface GroupsUnderTest {
  readonly store: EventStore;
  readonly groups: PersistentSubscriptions;
  readonly client: EventStoreDBClient;
  close(): Promise<void>;
}

/** What persistent subscriptions behind the port must do, on any event store. */
export function keepsTheGroupContract(open: () => Promise<GroupsUnderTest>): void {
  let tested: GroupsUnderTest;
  let groups: PersistentSubscriptions;
  // A real server keeps what earlier runs wrote.
  const run = randomUUID().slice(0, 8);
  let number = 0;
  let stream: string;
  let name: GroupName;
  const consuming: (PersistentSubscriptionToStream | PersistentSubscriptionToAll)[] = [];

  beforeAll(async () => {
    tested = await open();
    groups = tested.groups;
  });
  afterAll(() => tested.close());
  beforeEach(() => {
    stream = `groups${run}n${++number}-1`;
    name = { source: { stream }, group: 'readers' };
  });
  afterEach(async () => {
    for (const consumer of consuming.splice(0)) await consumer.unsubscribe();
  });

  const happen = (...amounts: number[]) =>
    tested.store.append(
      stream,
      amounts.map((amount) => newEvent(amount)),
      'any',
    );

  /** Consumes; `answer` says whether an event is dealt with. */
  function consume(answer: (amount: number) => 'ack' | 'park' | 'nothing') {
    const seen: number[] = [];
    const consumer = tested.client.subscribeToPersistentSubscriptionToStream(stream, name.group);
    consuming.push(consumer);
    consumer.on('error', () => undefined);
    consumer.on('data', (resolved) => {
      const { amount } = resolved.event!.data as unknown as { amount: number };
      seen.push(amount);
      const what = answer(amount);
      if (what === 'ack') void consumer.ack(resolved);
      else if (what === 'park') void consumer.nack(PARK, `can not deal with ${amount}`, resolved);
    });
    return seen;
  }

  /** Real time: an event store redelivers and counts by its own clock. */
  async function until<T>(ask: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
    for (const end = performance.now() + 8_000; ; await delay(20)) {
      const value = await ask();
      if (holds(value)) return value;
      if (performance.now() > end) throw new Error(`still ${JSON.stringify(value)}`);
    }
  }

  const parkedAmounts = async () =>
    (await groups.parked(name, 0, 100)).map(({ event }) => (event!.data as { amount: number }).amount);
  const numbersOf = async (...wanted: number[]) => {
    const all = await groups.parked(name, 0, 100);
    return all
      .filter(({ event }) => wanted.includes((event!.data as { amount: number }).amount))
      .map((each) => each.number);
  };

  /** A group whose consumer parked these, and has gone. */
  async function parked(...amounts: number[]): Promise<void> {
    await happen(...amounts);
    await groups.create(name, GROUP_DEFAULTS, 'beginning');
    consume(() => 'park');
    await until(
      () => groups.get(name),
      (state) => state.parked === amounts.length,
    );
    await consuming.pop()!.unsubscribe();
  }

  describe('a group', () => {
    it('is made once, changed, listed and deleted', async () => {
      await groups.create(name, { ...GROUP_DEFAULTS, maxRetries: 3 }, 'end');
      await expect(groups.create(name, GROUP_DEFAULTS, 'end')).rejects.toThrow(GroupExists);
      await groups.update(name, { messageTimeout: 5_000 });
      const state = await groups.get(name);
      expect(state.settings).toEqual({ ...GROUP_DEFAULTS, maxRetries: 3, messageTimeout: 5_000 });
      expect((await groups.list({ stream })).map(({ group }) => group)).toEqual(['readers']);
      await groups.delete(name);
      expect(await groups.list({ stream })).toEqual([]);
    });

    it('that does not exist is reported as absent by every call', async () => {
      for (const asked of [
        () => groups.get(name),
        () => groups.update(name, {}),
        () => groups.delete(name),
        () => groups.parked(name, 0, 1),
        () => groups.retryParked(name, 'all'),
        () => groups.dropParked(name, { first: 1 }),
      ]) {
        await expect(asked()).rejects.toThrow(GroupAbsent);
      }
    });

    it.each([
      ['the beginning', 'beginning' as const, [1, 2, 3, 4]],
      ['a revision', { revision: 1 }, [2, 3, 4]],
      ['the end', 'end' as const, [4]],
    ])('begins at %s', async (_, start, expected) => {
      await happen(1, 2, 3);
      await groups.create(name, GROUP_DEFAULTS, start);
      await happen(4);
      const seen = consume(() => 'ack');
      await until(
        () => seen,
        ({ length }) => length >= expected.length,
      );
      expect(seen).toEqual(expected);
    });

    it('on all streams of a prefix begins at a position', async () => {
      await happen(1);
      const { position } = await happen(2);
      await happen(3);
      const all = { source: { allWithPrefix: stream }, group: `all-${stream}` };
      await groups.create(all, GROUP_DEFAULTS, { position });
      const consumer = tested.client.subscribeToPersistentSubscriptionToAll(all.group);
      consuming.push(consumer);
      // It is told that its group was deleted.
      consumer.on('error', () => undefined);
      const seen: unknown[] = [];
      consumer.on('data', (resolved) => {
        seen.push((resolved.event!.data as { amount?: number }).amount);
        void consumer.ack(resolved);
      });
      await until(
        () => seen,
        ({ length }) => length >= 2,
      );
      expect(seen).toEqual([2, 3]);
      expect((await groups.list(all.source)).map(({ group }) => group)).toContain(all.group);
      await groups.delete(all);
    });

    it('shows who consumes, what is in flight, and how far it has come', async () => {
      await happen(1, 2, 3);
      await groups.create(name, GROUP_DEFAULTS, 'beginning');
      const seen = consume((amount) => (amount === 1 ? 'ack' : 'nothing'));
      await until(
        () => seen,
        ({ length }) => length === 3,
      );
      const state = await until(
        () => groups.get(name),
        ({ inFlight }) => inFlight === 2,
      );
      expect(state).toMatchObject({ isLive: true, lastKnown: 2, retrying: 0, parked: 0, handedOut: 3 });
      expect(state.consumers).toMatchObject([{ inFlight: 2 }]);
    });

    it('takes a message from a consumer that never answers, and parks it in the end', async () => {
      await happen(1);
      await groups.create(name, { ...GROUP_DEFAULTS, messageTimeout: 100, maxRetries: 1 }, 'beginning');
      const seen = consume(() => 'nothing');
      await until(
        () => groups.get(name),
        (state) => state.parked === 1,
      );
      expect(seen).toEqual([1, 1]);
      expect((await groups.parked(name, 0, 10))[0]!.reason).toMatch(/retr/i);
    });
  });

  describe('what is parked', () => {
    it('is listed in pages, with the reason', async () => {
      await parked(1, 2, 3);
      const [first, ...others] = await groups.parked(name, 0, 2);
      expect(first).toMatchObject({ event: { data: { amount: 1 } } });
      expect(first!.reason).toContain('can not deal with 1');
      expect(Math.abs(first!.parkedAt - Date.now())).toBeLessThan(60_000);
      expect(others).toHaveLength(1);
      const next = await groups.parked(name, others[0]!.number + 1, 2);
      expect(next.map(({ event }) => event!.data)).toMatchObject([{ amount: 3 }]);
    });

    it.each([
      ['all', () => 'all' as const, [1, 2, 3, 4], []],
      ['up to a stop', () => ({ first: 2 }), [1, 2], [3, 4]],
      ['one by its number', async () => ({ numbers: await numbersOf(3) }), [3], [4, 1, 2]],
      ['some by their numbers', async () => ({ numbers: await numbersOf(2, 4) }), [2, 4], [1, 3]],
    ])('is handed out again: %s', async (_, choose, again, left) => {
      await parked(1, 2, 3, 4);
      expect(await groups.retryParked(name, await choose())).toBe(again.length);
      const seen = consume(() => 'ack');
      await until(
        () => seen,
        ({ length }) => length >= again.length,
      );
      await until(parkedAmounts, ({ length }) => length === left.length);
      expect(seen).toEqual(again);
      expect((await parkedAmounts()).sort()).toEqual([...left].sort());
      expect((await groups.get(name)).parked).toBe(left.length);
    });

    it.each([
      ['all', () => 'all' as const, []],
      ['up to a stop', () => ({ first: 3 }), [4]],
      ['some by their numbers', async () => ({ numbers: await numbersOf(2, 3) }), [1, 4]],
    ])('is dropped: %s', async (_, choose, left) => {
      await parked(1, 2, 3, 4);
      expect(await groups.dropParked(name, await choose())).toBe(4 - left.length);
      expect(await parkedAmounts()).toEqual(left);
      await groups.retryParked(name, 'all');
      const seen = consume(() => 'ack');
      await until(
        () => seen,
        ({ length }) => length >= left.length,
      );
      expect(seen).toEqual(left);
    });

    it('under a number that does not exist is refused, and nothing is changed', async () => {
      await parked(1, 2);
      await expect(groups.retryParked(name, { numbers: [0, 99] })).rejects.toThrow(NotParked);
      await expect(groups.dropParked(name, { numbers: [99] })).rejects.toThrow(NotParked);
      expect(await parkedAmounts()).toEqual([1, 2]);
    });

    it('is none: nothing is done', async () => {
      await groups.create(name, GROUP_DEFAULTS, 'end');
      expect(await groups.retryParked(name, 'all')).toBe(0);
      expect(await groups.dropParked(name, { first: 3 })).toBe(0);
    });
  });
}
