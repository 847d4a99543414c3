import { HOUR, until } from '@latchkey/platform';
import fc from 'fast-check';
import type { Position, RecordedEvent, SubscribeOptions } from './event-store';
import { EventStoreDb } from './eventstoredb';
import { SharedSubscription } from './shared-subscription';
import { newEvent, TestNode } from './testing/counter';

describe('a subscription that several share', () => {
  let node: TestNode;
  let store: EventStoreDb;
  const positions: Position[] = [];
  const recorded: Omit<RecordedEvent, 'position'> = {
    ...{ id: 'event-1', type: 'Counted', stream: 'counter-1', revision: 0, recordedAt: 0, data: {} },
    metadata: {} as RecordedEvent['metadata'],
  };
  const amountOf = (event: RecordedEvent) => (event.data as { amount: number }).amount;
  const append = async () => {
    const { position } = await store.append('counter-1', [newEvent(positions.length)], 'any');
    positions.push(position);
  };

  beforeAll(async () => {
    node = new TestNode();
    store = new EventStoreDb(await node.start());
    for (let n = 0; n < 30; n++) await append();
  });
  afterAll(async () => {
    await store.close();
    await node.discard();
  });

  /** Each member as what it has taken, and whether it has been told that history is behind. */
  function join(shared: SharedSubscription, from: number, failures: number[] = [], linger = 0) {
    const left = [...failures];
    const seen: number[] = [];
    const member = { seen, caughtUpAfter: undefined as number | undefined, errors: 0 };
    const subscription = shared.join({
      after: from === 0 ? undefined : positions[from - 1],
      prefixes: ['counter-'],
      linger: () => linger,
      onEvents: (events) => {
        const amounts = events.map(amountOf);
        const failing = left.findIndex((amount) => amounts.includes(amount));
        if (failing !== -1) {
          left.splice(failing, 1);
          return Promise.reject(new Error('not now'));
        }
        seen.push(...amounts);
        return Promise.resolve();
      },
      onCaughtUp: () => (member.caughtUpAfter ??= seen.length),
      onError: () => member.errors++,
    });
    return { member, stop: () => subscription.stop(), subscription };
  }
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

  it('lets others go between batches, however much has gathered', async () => {
    let source: SubscribeOptions | undefined;
    const shared = new SharedSubscription({
      subscribeToAll: (options) => {
        source = options;
        return { flush: () => undefined, stop: () => Promise.resolve() };
      },
    });
    const batch = 10;
    let turn = 0;
    let going = true;
    const count = () => {
      turn++;
      if (going) setImmediate(count);
    };
    const takenIn: number[] = [];
    const member = shared.join({
      after: undefined,
      prefixes: ['counter-'],
      batch: () => batch,
      onEvents: (events) => {
        for (const _ of events) takenIn.push(turn);
        return Promise.resolve();
      },
    });
    shared.open();
    const events = Array.from({ length: 6 * batch }, (_, n) => ({
      ...recorded,
      position: { commit: BigInt(n + 1), prepare: BigInt(n + 1) },
    }));
    count();
    await source!.onEvents(events);
    await until(() => takenIn.length === events.length);
    going = false;
    await member.stop();
    const inOneTurn = takenIn.map((one) => takenIn.filter((other) => other === one).length);
    expect(Math.max(...inOneTurn)).toBe(batch);
  });

  it('tells how far the store had looked when history was behind', async () => {
    let source: SubscribeOptions | undefined;
    const shared = new SharedSubscription({
      subscribeToAll: (options) => {
        source = options;
        return { flush: () => undefined, stop: () => Promise.resolve() };
      },
    });
    const told: unknown[] = [];
    const member = shared.join({
      after: undefined,
      prefixes: ['counter-'],
      linger: () => HOUR,
      batch: () => 10,
      onEvents: (events) => Promise.resolve(void told.push(events.length)),
      onCheckpoint: ({ commit }) => Promise.resolve(void told.push(commit)),
      onCaughtUp: () => told.push('caught up'),
    });
    shared.open();
    const at = (commit: bigint): Position => ({ commit, prepare: commit });
    await source!.onEvents([{ ...recorded, position: at(1n) }]);
    await source!.onCheckpoint!(at(5n));
    await source!.onCheckpoint!(at(9n));
    source!.onCaughtUp!();
    await until(() => told.includes('caught up'));
    await member.stop();
    expect(told).toEqual([1, 9n, 'caught up']);
  });

  it('gives each what comes after its own place, once and in order, also after failures', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            from: fc.nat(30),
            failures: fc.array(fc.nat(34), { maxLength: 3 }),
            linger: fc.constantFrom(0, 0, 5),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        async (wanted) => {
          const shared = new SharedSubscription(store);
          const first = positions.length;
          const joined = wanted.map(({ from, failures, linger }) => join(shared, from, failures, linger));
          shared.open();
          for (let n = 0; n < 3; n++) await append();
          await until(() => joined.every(({ member }) => member.seen.at(-1) === positions.length - 1));
          await Promise.all(joined.map(({ stop }) => stop()));
          joined.forEach(({ member }, index) => {
            expect(member.seen).toEqual(range(wanted[index]!.from, first + 3));
          });
        },
      ),
      { numRuns: 15 },
    );
  });

  it('tells each member that history is over when it has taken all of it', async () => {
    const shared = new SharedSubscription(store);
    const [early, late] = [join(shared, 3, [5]), join(shared, positions.length)];
    shared.open();
    await until(() => early.member.caughtUpAfter !== undefined && late.member.caughtUpAfter !== undefined);
    expect(early.member).toMatchObject({ caughtUpAfter: positions.length - 3, errors: 1 });
    expect(late.member).toMatchObject({ caughtUpAfter: 0, errors: 0 });
    await Promise.all([early.stop(), late.stop()]);
  });

  it('goes on for the others when one has left, and hands over at once what is flushed', async () => {
    const shared = new SharedSubscription(store);
    const [leaving, staying] = [join(shared, 0), join(shared, positions.length, [], HOUR)];
    shared.open();
    await until(() => leaving.member.seen.length === positions.length);
    await leaving.stop();
    await append();
    await until(() => {
      staying.subscription.flush();
      return staying.member.seen.length === 1;
    });
    expect(leaving.member.seen).toHaveLength(positions.length - 1);
    await staying.stop();
  });

  it('hands a history that gathers over in full batches, wherever the store tells how far it has looked', async () => {
    const stopped = { stop: () => Promise.resolve(), hurry: () => undefined, flush: () => Promise.resolve() };
    let source: SubscribeOptions | undefined;
    const shared = new SharedSubscription({ subscribeToAll: (options) => ((source = options), stopped) });
    const batches: number[][] = [];
    let behind = true;
    const subscription = shared.join({
      after: undefined,
      prefixes: ['counter-'],
      linger: () => 50,
      onEvents: (events) => {
        batches.push(events.map(amountOf));
        return Promise.resolve();
      },
      onCaughtUp: () => (behind = false),
    });
    shared.open();
    for (let n = 0; n < 40; n++) {
      const commit = BigInt(2 * n);
      const place = { commit, prepare: commit };
      await source!.onEvents([{ ...recorded, data: { amount: n }, position: place }]);
      await source!.onCheckpoint!({ commit: commit + 1n, prepare: commit + 1n });
    }
    source!.onCaughtUp!();
    await until(() => !behind);
    await subscription.stop();
    expect(batches.flat()).toEqual(range(0, 40));
    expect(batches.length).toBeLessThanOrEqual(8);
  });

  it('lets events gather before it hands them on, for as long as is set', async () => {
    let gathering = 0;
    const shared = new SharedSubscription(store, { linger: () => gathering });
    const batches: number[] = [];
    const subscription = shared.join({
      after: positions.at(-1),
      prefixes: ['counter-'],
      onEvents: (events) => Promise.resolve(void batches.push(events.length)),
    });
    shared.open();
    await append();
    await until(() => batches.length === 1);
    gathering = 1_500;
    for (let n = 0; n < 5; n++) await append();
    await until(() => batches.length === 2);
    await subscription.stop();
    expect(batches).toEqual([1, 5]);
  });

  it('goes on without one that keeps failing, which misses nothing when it works again', async () => {
    const shared = new SharedSubscription(store);
    const from = positions.length;
    let broken = true;
    const seen: { ailing: string[]; sound: string[] } = { ailing: [], sound: [] };
    const [ailing, sound] = (['ailing', 'sound'] as const).map((name) =>
      shared.join({
        after: positions[from - 1],
        prefixes: ['counter-'],
        onEvents: (events) => {
          if (name === 'ailing' && broken) return Promise.reject(new Error('out of order'));
          seen[name].push(...events.map(({ id }) => id));
          return Promise.resolve();
        },
      }),
    );
    shared.open();
    const ids: string[] = [];
    for (let batch = 0; batch < 12; batch++) {
      const events = Array.from({ length: 500 }, () => newEvent(0));
      ids.push(...events.map(({ id }) => id));
      await store.append('counter-many', events, 'any');
    }
    await until(() => seen.sound.length === ids.length);
    broken = false;
    await until(() => seen.ailing.length === ids.length);
    expect(seen).toEqual({ ailing: ids, sound: ids });
    await Promise.all([ailing!.stop(), sound!.stop()]);
  });
});
