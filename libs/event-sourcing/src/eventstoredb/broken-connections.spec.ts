import { Outage, TcpProxy, until } from '@latchkey/platform';
import { AppendTimeout, type EventSubscription } from '../event-store';
import { newEvent, TestNode } from '../testing/counter';
import { EventStoreDb } from './event-store-db';
import { withKeepAlive } from './connection';

/** What an answer may take while the store is silent, ms: one deadline, and room for a slow machine. */
const ANSWERED_WITHIN = 6_000;
/** The store is well again this soon after its network is, ms. */
const WELL_WITHIN = 15_000;

describe('the event store behind a network that breaks', () => {
  let node: TestNode;
  let proxy: TcpProxy;
  let store: EventStoreDb;
  let subscription: EventSubscription | undefined;
  const seen: number[] = [];
  const errors: unknown[] = [];

  beforeEach(async () => {
    node = new TestNode();
    proxy = await TcpProxy.to(Number(/:(\d+)/.exec((await node.start()).replace('esdb://', ''))![1]));
    store = new EventStoreDb(`esdb://127.0.0.1:${proxy.port}?tls=false`);
    seen.length = 0;
    errors.length = 0;
  });
  afterEach(async () => {
    await subscription?.stop();
    subscription = undefined;
    await store.close();
    await proxy.close();
    await node.discard();
  });

  const append = (n: number) => store.append('counter-1', [newEvent(n)], 'any');
  const read = async () => {
    const amounts = [];
    for await (const event of store.read('counter-1'))
      amounts.push((event.data as { amount: number }).amount);
    return amounts;
  };
  const follow = () => {
    subscription = store.subscribeToAll({
      after: undefined,
      prefixes: ['counter-'],
      onEvents: (events) => {
        seen.push(...events.map((event) => (event.data as { amount: number }).amount));
        return Promise.resolve();
      },
      onError: (error) => errors.push(error),
    });
  };
  const took = async (work: Promise<unknown>) => {
    const from = performance.now();
    const outcome: unknown = await work.catch((error: unknown) => error);
    return { ms: performance.now() - from, outcome };
  };
  /** Appends until it is taken, as a client does after an outage. */
  const appendWhenWell = async (n: number) => {
    const from = performance.now();
    for (;;) {
      try {
        await append(n);
        return performance.now() - from;
      } catch (error) {
        if (performance.now() - from > 2 * WELL_WITHIN) throw error;
      }
    }
  };

  it('answers with an outage in time while it is silent, and is well again soon after', async () => {
    follow();
    await append(1);
    await until(() => seen.length === 1);
    proxy.freeze();
    const [appended, pinged, reading] = await Promise.all([
      took(append(2)),
      took(store.ping()),
      took(read()),
    ]);
    expect(appended.outcome).toBeInstanceOf(AppendTimeout);
    expect(pinged.outcome).toBeInstanceOf(Outage);
    expect(reading.outcome).toBeInstanceOf(Outage);
    for (const { ms } of [appended, pinged, reading]) expect(ms).toBeLessThan(ANSWERED_WITHIN);
    proxy.heal();
    expect(await appendWhenWell(3)).toBeLessThan(WELL_WITHIN);
    await until(() => seen.includes(3));
    expect(await read()).toEqual(seen);
  }, 60_000);

  it('is reported as silent where it accepts connections and never answers', async () => {
    proxy.freeze();
    follow();
    const { outcome, ms } = await took(store.ping());
    expect(outcome).toBeInstanceOf(Outage);
    expect(ms).toBeLessThan(ANSWERED_WITHIN);
    await until(() => errors.length > 0);
    expect(String(errors[0])).toMatch(/^Outage: the event store can not be used: .{1,160}$/);
    proxy.heal();
    expect(await appendWhenWell(1)).toBeLessThan(WELL_WITHIN);
    await until(() => seen.length === 1);
  }, 60_000);

  it.each(['cut', 'refuse', 'halfOpen'] as const)(
    'goes on where it was after connections break by %s, with many appends under way',
    async (how) => {
      follow();
      await append(0);
      await until(() => seen.length === 1);
      const many = Array.from({ length: 300 }, (_, n) => took(append(n + 1)));
      proxy[how]();
      const outcomes = (await Promise.all(many)).map(({ outcome }) => outcome);
      for (const outcome of outcomes.filter((each) => each instanceof Error))
        expect(outcome).toBeInstanceOf(AppendTimeout);
      proxy.heal();
      expect(await appendWhenWell(1000)).toBeLessThan(WELL_WITHIN);
      await until(() => seen.includes(1000));
      expect(seen).toEqual(await read());
    },
    60_000,
  );
});

describe('a keep-alive interval of one’s own', () => {
  it.each([
    ['esdb://a:1', 'esdb://a:1?keepAliveInterval=10001'],
    ['esdb://a:1?tls=false', 'esdb://a:1?tls=false&keepAliveInterval=10001'],
    ['esdb://a:1?keepAliveInterval=20000&tls=false', 'esdb://a:1?tls=false&keepAliveInterval=10001'],
    ['esdb://a:1?keepAliveInterval=-1', 'esdb://a:1?keepAliveInterval=-1&keepAliveTimeout=10001'],
  ])('is put into %s', (given, expected) => {
    expect(withKeepAlive(given, 10_001)).toBe(expected);
  });
});
