import { until } from '@latchkey/platform';
import type { EventSubscription, RecordedEvent, SubscribeOptions } from '../event-store';
import { EventStoreDb } from './event-store-db';
import { newEvent, TestNode } from '../testing/counter';

describe('the event store over EventStoreDB’s protocol', () => {
  let node: TestNode;
  let address: string;
  let store: EventStoreDb;
  let subscription: EventSubscription | undefined;

  beforeEach(async () => {
    node = new TestNode();
    address = await node.start();
    store = new EventStoreDb(address);
  });
  afterEach(async () => {
    await subscription?.stop();
    subscription = undefined;
    await store.close();
    await node.discard();
  });

  const append = (n: number, stream = 'counter-1') => store.append(stream, [newEvent(n)], 'any');
  const amountOf = (event: RecordedEvent) => (event.data as { amount: number }).amount;
  const follow = (seen: number[], more: Partial<SubscribeOptions> = {}) => {
    subscription = store.subscribeToAll({
      after: undefined,
      prefixes: ['counter-'],
      onEvents: (events) => {
        seen.push(...events.map(amountOf));
        return Promise.resolve();
      },
      ...more,
    });
  };

  it('reads thousands of absent streams, and keeps its connection', async () => {
    let left = 3_000;
    const readSome = async () => {
      let found = 0;
      while (left-- > 0) for await (const _ of store.read(`counter-absent-${left}`)) found++;
      return found;
    };
    const found = await Promise.all(Array.from({ length: 50 }, readSome));
    expect(found.every((count) => count === 0)).toBe(true);
  }, 30_000);

  it('reads a stream from either end, from any revision, and an absent one as empty', async () => {
    for (const n of [1, 2, 3]) await append(n);
    const read = async (events: AsyncIterable<RecordedEvent>) => {
      const amounts = [];
      for await (const event of events) amounts.push(amountOf(event));
      return amounts;
    };
    expect(await read(store.read('counter-1'))).toEqual([1, 2, 3]);
    expect(await read(store.read('counter-1', 2))).toEqual([3]);
    expect(await read(store.read('counter-1', 3))).toEqual([]);
    expect(await read(store.readBackwards('counter-1', 2))).toEqual([3, 2]);
    expect(await read(store.read('counter-0'))).toEqual([]);
    await store.truncateBefore('counter-1', 2);
    expect(await read(store.read('counter-1'))).toEqual([3]);
    const newest = await append(4);
    expect(await store.ping()).toEqual(newest.position);
  });

  it('follows from after a position, only what was asked for, and tells how far it has seen', async () => {
    const { position } = await append(1);
    await append(2);
    const { position: last } = await append(3, 'other-1');
    // The store tells how far it has looked every so many events.
    await store.append(
      'other-1',
      Array.from({ length: 200 }, () => newEvent(3)),
      'any',
    );
    const seen: number[] = [];
    let checkpoint = 0n;
    let caughtUp = false;
    follow(seen, {
      after: position,
      onCheckpoint: (at) => {
        checkpoint = at.commit;
        return Promise.resolve();
      },
      onCaughtUp: () => (caughtUp = true),
    });
    await until(() => caughtUp && checkpoint >= last.commit);
    expect(seen).toEqual([2]);
    await append(4);
    await until(() => seen.length === 2);
    expect(seen).toEqual([2, 4]);
  });

  it('hands over what it has appended itself exactly as others read it', async () => {
    const plain = {
      amount: 1,
      text: 'é \u2028 😀 "\\ \ud800',
      list: [1, null, { a: true }],
      2: 'b',
      10: 'a',
    };
    const odd = { amount: -0, gone: undefined, at: new Date(0), list: [undefined, Number.NaN] };
    const written = (data: object, metadata: object) => ({
      data: JSON.stringify(data),
      metadata: JSON.stringify(metadata),
    });
    const events = [plain, odd, { amount: 2, large: 'x'.repeat(100_000) }].map((data) => {
      const event = { ...newEvent(0), data };
      return { ...event, written: written(data, event.metadata) };
    });
    const seen: RecordedEvent[] = [];
    follow([], { onEvents: (all) => Promise.resolve(void seen.push(...all)) });
    await store.append('counter-1', events, -1);
    await until(() => seen.length === events.length);
    const other = new EventStoreDb(address);
    const read: RecordedEvent[] = [];
    const followed = other.subscribeToAll({
      after: undefined,
      prefixes: ['counter-'],
      onEvents: (all) => Promise.resolve(void read.push(...all)),
    });
    await until(() => read.length === events.length);
    await followed.stop();
    await other.close();
    expect(seen).toStrictEqual(read);
    expect(seen[0]!.data).toBe(plain);
  });

  it('goes on where it was when the node comes back', async () => {
    const seen: number[] = [];
    const errors: unknown[] = [];
    follow(seen, { onError: (error) => errors.push(error) });
    await append(1);
    await until(() => seen.length === 1);
    await node.stop();
    await node.start();
    await until(() =>
      append(2).then(
        () => true,
        () => false,
      ),
    );
    await until(() => seen.includes(2));
    await append(3);
    await until(() => seen.includes(3));
    // An append whose answer was lost may be there twice; what was seen before the break is not seen again.
    expect(seen.filter((n) => n !== 2)).toEqual([1, 3]);
  });

  it('never runs two handlers at a time, also when the connection breaks while one is at work', async () => {
    const seen: number[] = [];
    let running = 0;
    let most = 0;
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    await append(1);
    follow(seen, {
      onEvents: async (events) => {
        most = Math.max(most, ++running);
        if (seen.length === 0) await held;
        seen.push(...events.map(amountOf));
        running--;
      },
    });
    await until(() => running === 1);
    // Another one that nothing holds up tells when a subscription is back.
    const control: number[] = [];
    const other = store.subscribeToAll({
      after: undefined,
      prefixes: ['counter-'],
      onEvents: (events) => {
        control.push(...events.map(amountOf));
        return Promise.resolve();
      },
    });
    await until(() => control.includes(1));
    await node.stop();
    await node.start();
    await until(() =>
      append(2).then(
        () => true,
        () => false,
      ),
    );
    await until(() => control.includes(2));
    await other.stop();
    await store.ping();
    letGo();
    await until(() => seen.includes(2));
    expect(most).toBe(1);
    expect(seen.filter((n) => n === 1)).toEqual([1]);
  });

  it('has stopped only when its handler is done', async () => {
    let done = false;
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    let began = false;
    await append(1);
    follow([], {
      onEvents: async () => {
        began = true;
        await held;
        done = true;
      },
    });
    await until(() => began);
    let stopped = false;
    const stop = subscription!.stop().then(() => (stopped = true));
    // Time enough for the connection to be given up.
    for (let n = 0; n < 20; n++) await store.ping();
    expect({ stopped, done }).toEqual({ stopped: false, done: false });
    letGo();
    await stop;
    expect(done).toBe(true);
  });
});
