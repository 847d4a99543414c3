import { HOUR, until } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import {
  comparePositions,
  type EventStore,
  type EventSubscription,
  type Position,
  type RecordedEvent,
  RevisionConflict,
  type SubscribeOptions,
} from '../event-store';
import { metadata, newEvent } from './counter';

/** A store under test, and a way for somebody else to append to it. */
export interface StoreUnderTest {
  readonly store: EventStore;
  appendForeign(stream: string, event: { id: string; type: string; data: Buffer }): Promise<void>;
  close(): Promise<void>;
}

/** What every event store behind the port must do. */
export function keepsTheContract(open: () => Promise<StoreUnderTest>): void {
  let tested: StoreUnderTest;
  let store: EventStore;
  // A real server keeps what earlier runs wrote.
  const run = randomUUID().slice(0, 8);
  let number = 0;
  let stream: string;
  const subscriptions: EventSubscription[] = [];

  beforeAll(async () => {
    tested = await open();
    store = tested.store;
  });
  afterAll(() => tested.close());
  beforeEach(() => {
    stream = `contract${run}n${++number}-1`;
  });
  afterEach(async () => {
    for (const subscription of subscriptions.splice(0)) await subscription.stop();
  });

  const amountOf = ({ data }: RecordedEvent) => (data as { amount: number }).amount;
  const append = (n: number, to = stream) => store.append(to, [newEvent(n)], 'any');
  const read = async (events: AsyncIterable<RecordedEvent>) => {
    const all: RecordedEvent[] = [];
    for await (const event of events) all.push(event);
    return all;
  };
  const amounts = async (events: AsyncIterable<RecordedEvent>) => (await read(events)).map(amountOf);
  const follow = (more: Partial<SubscribeOptions>) => {
    const subscription = store.subscribeToAll({
      after: undefined,
      prefixes: [stream],
      onEvents: () => Promise.resolve(),
      ...more,
    });
    subscriptions.push(subscription);
    return subscription;
  };

  describe('appending', () => {
    it('counts revisions from 0, and gives each event its position in the order of all', async () => {
      const first = await store.append(stream, [newEvent(1), newEvent(2)], 'no-stream');
      const second = await store.append(stream, [newEvent(3)], 1);
      expect([first.revision, second.revision]).toEqual([1, 2]);
      expect(comparePositions(second.position, first.position)).toBe(1);
      const events = await read(store.read(stream));
      expect(events.map(({ revision }) => revision)).toEqual([0, 1, 2]);
      expect(events.at(-1)).toMatchObject({ stream, type: 'Added', data: { amount: 3 }, metadata });
      expect(events.at(-1)!.position).toEqual(second.position);
    });

    it('records when it took each event, by its own clock', async () => {
      const before = Date.now();
      await append(1);
      const [event] = await read(store.read(stream));
      expect(Math.abs(event!.recordedAt - before)).toBeLessThan(60_000);
    });

    it('refuses an append that expects another revision, and stores nothing of it', async () => {
      await append(1);
      for (const expected of ['no-stream', -1, 1, 7] as const) {
        const refused = store.append(stream, [newEvent(2), newEvent(3)], expected);
        await expect(refused).rejects.toThrow(RevisionConflict);
        await expect(refused).rejects.toMatchObject({ stream, expected, actual: 0 });
      }
      expect(await amounts(store.read(stream))).toEqual([1]);
    });

    it('takes the same events with the same expectation for the same append', async () => {
      const batch = [newEvent(1), newEvent(2)];
      const first = await store.append(stream, batch, 'no-stream');
      await append(3);
      const again = await store.append(stream, batch, 'no-stream');
      // At its position, for which the caller that repeats it waits.
      expect(again).toEqual(first);
      expect(await amounts(store.read(stream))).toEqual([1, 2, 3]);
    });

    it('remembers the last place that it appended to, in all and by prefix', async () => {
      const mine = await append(1);
      const other = await append(2, 'elsewhere-1');
      expect(store.lastAppended).toEqual(other.position);
      const prefix = stream.slice(0, stream.indexOf('-') + 1);
      expect(store.lastAppendedTo([prefix])).toEqual(mine.position);
      expect(store.lastAppendedTo([prefix, 'elsewhere-'])).toEqual(other.position);
      expect(store.lastAppendedTo(['nowhere-'])).toBeUndefined();
    });
  });

  describe('reading', () => {
    it('begins at either end, at any revision, and ends after as many as were asked for', async () => {
      for (const n of [1, 2, 3]) await append(n);
      expect(await amounts(store.read(stream))).toEqual([1, 2, 3]);
      expect(await amounts(store.read(stream, 2))).toEqual([3]);
      expect(await amounts(store.read(stream, 3))).toEqual([]);
      expect(await amounts(store.read(stream, 1, 1))).toEqual([2]);
      expect(await amounts(store.readBackwards(stream, 2))).toEqual([3, 2]);
      expect(await amounts(store.read('absent-1'))).toEqual([]);
      expect(await amounts(store.readBackwards('absent-1', 2))).toEqual([]);
    });

    it('leaves out what was truncated, and keeps the revisions of the rest', async () => {
      for (const n of [1, 2, 3]) await append(n);
      await store.truncateBefore(stream, 2);
      expect((await read(store.read(stream))).map(({ revision }) => revision)).toEqual([2]);
      expect(await amounts(store.readBackwards(stream, 5))).toEqual([3]);
      expect((await append(4)).revision).toBe(3);
    });

    it('hands on what others appended in bytes', async () => {
      await append(1);
      await tested.appendForeign(stream, { id: randomUUID(), type: 'Odd', data: Buffer.from([0, 255]) });
      const [, foreign] = await read(store.read(stream));
      expect(foreign).toMatchObject({ revision: 1, type: 'Odd' });
      expect(Buffer.from(foreign!.data as Uint8Array)).toEqual(Buffer.from([0, 255]));
    });

    it('goes back from the end of all streams, page by page', async () => {
      const places: Position[] = [];
      for (const n of [1, 2, 3, 4]) places.push((await append(n)).position);
      const positions = async (count: number, before?: Position) =>
        (await read(store.readAllBackwards(count, before))).map(({ position }) => position);
      expect(await positions(2)).toEqual([places[3], places[2]]);
      expect(await positions(2, places[2])).toEqual([places[1], places[0]]);
      expect(await store.ping()).toEqual(places[3]);
    });

    it('finds the event in a place, or none, and says of a place inside that there never was one', async () => {
      const { position } = await append(1);
      expect(amountOf((await store.eventAt(position))!)).toBe(1);
      const { commit, prepare } = position;
      await append(2);
      const { position: last } = await append(3);
      // How far positions are apart is up to the store.
      const between = { commit: last.commit - 1n, prepare: last.prepare - 1n };
      const there = await store.eventAt(between);
      expect(there === null || amountOf(there!) === 2).toBe(true);
      expect(
        await store.eventAt({ commit: commit + 1_000_000n, prepare: prepare + 1_000_000n }),
      ).toBeUndefined();
    });
  });

  describe('following', () => {
    it('gives what comes after a position, only what was asked for, and tells how far it has seen', async () => {
      const { position } = await append(1);
      await append(2);
      const many = Array.from({ length: 200 }, () => newEvent(3));
      const { position: last } = await store.append('other-1', many, 'any');
      const seen: number[] = [];
      let checkpoint = position;
      let caughtUp = 0;
      follow({
        after: position,
        onEvents: (events) => Promise.resolve(void seen.push(...events.map(amountOf))),
        onCheckpoint: (at) => Promise.resolve(void (checkpoint = at)),
        onCaughtUp: () => caughtUp++,
      });
      await until(() => caughtUp > 0 && comparePositions(checkpoint, position) > 0);
      expect(seen).toEqual([2]);
      expect(comparePositions(checkpoint, last)).toBeLessThanOrEqual(0);
      await append(4);
      await until(() => seen.length === 2);
      expect(seen).toEqual([2, 4]);
      expect(caughtUp).toBe(1);
    });

    it('hands a batch over again when its handler fails, and no later one before', async () => {
      const seen: number[] = [];
      const errors: unknown[] = [];
      let failures = 2;
      await append(1);
      follow({
        onEvents: (events) => {
          if (failures-- > 0) return Promise.reject(new Error('not now'));
          seen.push(...events.map(amountOf));
          return Promise.resolve();
        },
        onError: (error) => errors.push(error),
      });
      await append(2);
      await until(() => seen.length === 2);
      expect(seen).toEqual([1, 2]);
      expect(errors).toEqual([new Error('not now'), new Error('not now')]);
    });

    it('runs one handler at a time, and hands over together what came meanwhile', async () => {
      const batches: number[] = [];
      let running = 0;
      let most = 0;
      let letGo: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (letGo = resolve));
      await append(0);
      follow({
        onEvents: async (events) => {
          most = Math.max(most, ++running);
          if (batches.length === 0) await held;
          batches.push(events.length);
          running--;
        },
      });
      await until(() => running === 1);
      for (let n = 1; n < 6; n++) await append(n);
      letGo();
      await until(() => batches.reduce((sum, size) => sum + size, 0) === 6);
      expect(most).toBe(1);
      expect(batches.length).toBeLessThan(6);
    });

    it('lets events gather, until they are flushed', async () => {
      const seen: number[] = [];
      const subscription = follow({
        linger: () => HOUR,
        onEvents: (events) => Promise.resolve(void seen.push(...events.map(amountOf))),
      });
      await append(1);
      await until(() => {
        subscription.flush();
        return seen.length === 1;
      });
      expect(seen).toEqual([1]);
    });

    it('has stopped only when its handler is done, and hands nothing over afterwards', async () => {
      let letGo: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (letGo = resolve));
      const done: number[] = [];
      let began = false;
      await append(1);
      const subscription = follow({
        onEvents: async (events) => {
          began = true;
          await held;
          done.push(...events.map(amountOf));
        },
      });
      await until(() => began);
      let stopped = false;
      const stop = subscription.stop().then(() => (stopped = true));
      for (let n = 0; n < 20; n++) await store.ping();
      expect({ stopped, done }).toEqual({ stopped: false, done: [] });
      letGo();
      await stop;
      await append(2);
      for (let n = 0; n < 20; n++) await store.ping();
      expect(done).toEqual([1]);
    });
  });
}
