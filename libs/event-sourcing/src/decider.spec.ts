import { binaryEvent, type EventData, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import { AppendTimeout, type EventStore, RevisionConflict } from './event-store';
import { EventStoreDb } from './eventstoredb';
import { added, cause, counters, metadata, newEvent, TestNode } from './testing/counter';

describe('streams of decisions', () => {
  const node = new TestNode();
  let store: EventStoreDb;
  let stranger: EventStoreDBClient;
  let number = 0;
  let id: string;

  beforeAll(async () => {
    const url = await node.start();
    store = new EventStoreDb(url);
    stranger = EventStoreDBClient.connectionString(url);
  });
  afterAll(async () => {
    await stranger.dispose();
    await store.close();
    await node.discard();
  });
  beforeEach(() => {
    id = `${++number}`;
  });

  /** The store, except for the answers to some appends. */
  const losing = (answers: ('before' | 'after' | 'none')[], meanwhile?: () => Promise<unknown>): EventStore =>
    new Proxy<EventStore>(store, {
      get(target, name) {
        if (name !== 'append') {
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        }
        const append: EventStore['append'] = async (stream, events, expected) => {
          const lost = answers.shift() ?? 'none';
          if (lost === 'before') throw new AppendTimeout(stream, 'lost');
          const appended = await target.append(stream, events, expected);
          if (lost === 'after') await meanwhile?.();
          if (lost === 'after') throw new AppendTimeout(stream, 'lost');
          return appended;
        };
        return append;
      },
    });

  /** The store, and how often it was read. */
  const counting = () => {
    let count = 0;
    const counted = new Proxy<EventStore>(store, {
      get(target, name) {
        if (name === 'read') count++;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    return { counted, reads: () => count };
  };

  const amounts = async () => {
    const events = [];
    for await (const { data } of store.read(`counter-${id}`))
      events.push((data as { amount: number }).amount);
    return events;
  };

  it('decide on what has happened, and append the events with who asked', async () => {
    const streams = counters(store);
    const decided = await streams.transact(id, cause, () => [added(1), added(2)]);
    expect(decided).toMatchObject({ state: 3, revision: 1 });
    expect(decided.position).toBeDefined();
    const again = await streams.transact(id, cause, (sum) => (sum === 3 ? [] : [added(9)]));
    expect(again).toEqual({ state: 3, revision: 1, position: decided.position });
    const [first] = await streams.history(id);
    expect(first?.recorded.metadata).toEqual({
      $correlationId: 'correlation-1',
      $causationId: 'causation-1',
      actor: { type: 'system' },
      workspaceId: 'workspace-1',
      schemaVersion: 1,
      occurredAt: '2026-06-01T12:00:00.000Z',
    });
  });

  it('begin with nothing', async () => {
    expect(await counters(store).load(id)).toEqual({ state: 0, revision: -1 });
    const decided = await counters(store).transact(id, cause, () => []);
    expect(decided).toEqual({ state: 0, revision: -1, position: undefined });
  });

  it('return the position of a stream when nothing changes, also after a restart', async () => {
    await counters(store).transact(id, cause, () => [added(1)]);
    const { position } = await store.append(`counter-${id}`, [newEvent(2)], 'any');
    const [restarted, warm] = [counters(store), counters(store)];
    await warm.load(id);
    for (const streams of [restarted, warm]) {
      const unchanged = await streams.transact(id, cause, () => [], 1);
      expect(unchanged).toEqual({ state: 3, revision: 1, position });
    }
  });

  it.each<[string, EventData]>([
    ['of an unknown type', jsonEvent({ type: 'Hello', data: {}, metadata: { ...metadata } })],
    ['without metadata', jsonEvent({ type: 'Added', data: { amount: 100 } })],
    ['without a schema version', jsonEvent({ type: 'Added', data: { amount: 100 }, metadata: { me: 1 } })],
    ['in bytes', binaryEvent({ type: 'Added', data: Buffer.from([0, 1, 2, 255]) })],
    ['in bytes, of an unknown type', binaryEvent({ type: 'Hello', data: Buffer.from('{') })],
  ])('ignore an event %s that somebody else appended, and go on after it', async (_what, foreign) => {
    const streams = counters(store);
    await streams.transact(id, cause, () => [added(1)]);
    await stranger.appendToStream(
      `counter-${id}`,
      [foreign, foreign].map((e) => ({ ...e, id: randomUUID() })),
    );
    const decided = await streams.transact(id, cause, () => [added(2)]);
    expect(decided).toMatchObject({ state: 3, revision: 3 });
    await stranger.appendToStream(`counter-${id}`, { ...foreign, id: randomUUID() });
    expect(await counters(store).load(id)).toEqual({ state: 3, revision: 4 });
    expect(await streams.load(id)).toEqual({ state: 3, revision: 4 });
    expect((await streams.history(id)).map(({ recorded }) => recorded.revision)).toEqual([0, 3]);
  });

  it('decide again when another process was faster', async () => {
    const ours = counters(store);
    const theirs = counters(store);
    await ours.transact(id, cause, () => [added(1)]);
    const seen: number[] = [];
    let interfere = true;
    const decided = await ours.transact(
      id,
      cause,
      (sum) => {
        seen.push(sum);
        return [added(sum)];
      },
      0,
    );
    expect(decided.state).toBe(2);
    // What is kept is stale now: the store refuses the append.
    await theirs.transact(id, cause, () => (interfere ? [added(10)] : []));
    interfere = false;
    const after = await ours.transact(id, cause, (sum) => (seen.push(sum), [added(sum)]), 0);
    expect(seen).toEqual([1, 2, 12]);
    expect(after.state).toBe(24);
    expect(await amounts()).toEqual([1, 1, 10, 12]);
  });

  it('decide on what is kept without a read, and trust neither "nothing changes" nor a refusal from a stale state', async () => {
    const { counted, reads } = counting();
    const ours = counters(counted);
    const theirs = counters(store);
    await ours.transactOnKept(id, cause, () => [added(1)]);
    const before = reads();
    expect((await ours.transactOnKept(id, cause, (sum) => [added(sum)])).state).toBe(2);
    expect(reads()).toBe(before);

    await theirs.transact(id, cause, () => [added(10)]);
    const silent = await ours.transactOnKept(id, cause, (sum) => (sum < 12 ? [] : [added(1)]));
    expect(silent.state).toBe(13);
    await theirs.transact(id, cause, () => [added(10)]);
    const refused = await ours.transactOnKept(id, cause, (sum) => {
      if (sum < 23) throw new Error('refused');
      return [added(1)];
    });
    expect(refused.state).toBe(24);
    await theirs.transact(id, cause, () => [added(10)]);
    expect((await ours.transactOnKept(id, cause, (sum) => [added(sum)])).state).toBe(68);
    expect(await amounts()).toEqual([1, 1, 10, 1, 10, 1, 10, 34]);
  });

  it('begin a new stream without a read, and read one that has begun anyway', async () => {
    const { counted, reads } = counting();
    await counters(counted).transactOnNew(id, cause, (sum) => (sum === 0 ? [added(1)] : []));
    expect(reads()).toBe(0);
    const again = await counters(counted).transactOnNew(id, cause, (sum) => (sum === 0 ? [added(1)] : []));
    expect(again).toMatchObject({ state: 1, revision: 0 });
    expect(again.position).toBeDefined();
    expect(await amounts()).toEqual([1]);
  });

  it('are not read again by a process that alone appends to them', async () => {
    const { counted, reads } = counting();
    const ours = counters(counted, { alone: true });
    await ours.transact(id, cause, () => [added(1)]);
    const before = reads();
    expect((await ours.load(id)).state).toBe(1);
    expect((await ours.transact(id, cause, (sum) => [added(sum)])).state).toBe(2);
    expect((await ours.transact(id, cause, () => [])).state).toBe(2);
    expect(reads()).toBe(before);
  });

  it('are read again by a process that assumed it was alone, once the store has refused an append', async () => {
    const ours = counters(store, { alone: true });
    const { state, revision } = await ours.transact(id, cause, () => [added(1)]);
    await counters(store).transact(id, cause, () => [added(10)]);
    await expect(ours.append(id, { state, revision }, [added(5)], cause)).rejects.toThrow(RevisionConflict);
    expect((await ours.load(id)).state).toBe(11);
    await counters(store).transact(id, cause, () => [added(10)]);
    expect((await ours.transact(id, cause, (sum) => [added(sum)])).state).toBe(42);
  });

  it('are read again by a process that is alone, once an append was not answered', async () => {
    const ours = counters(losing(['none', 'after', 'before']), { alone: true });
    await ours.transact(id, cause, () => [added(1)]);
    await expect(ours.transact(id, cause, () => [added(2)])).rejects.toThrow(AppendTimeout);
    expect((await ours.load(id)).state).toBe(3);
  });

  it('pass on what a decision throws, and append nothing', async () => {
    const refuse = () => {
      throw new Error('refused');
    };
    await expect(counters(store).transact(id, cause, refuse)).rejects.toThrow('refused');
    expect(await amounts()).toEqual([]);
  });

  it('are not appended to when they have changed', async () => {
    const streams = counters(store);
    const loaded = await streams.load(id);
    await streams.append(id, loaded, [added(1)], cause);
    const late = streams.append(id, loaded, [added(2)], cause);
    await expect(late).rejects.toThrow(RevisionConflict);
    await expect(late).rejects.toMatchObject({ expected: -1, actual: 0 });
  });

  it('are right for all of many writers at a time, in one process and in several', async () => {
    const processes = [counters(store), counters(store), counters(store, { cacheSize: 1 })];
    const writers = Array.from({ length: 90 }, (_, n) =>
      processes[n % 3]!.transact(id, cause, (sum) => [added(sum >= 0 ? 1 : 0)]),
    );
    const decided = await Promise.all(writers);
    expect(decided.map(({ state }) => state).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 90 }, (_, n) => n + 1),
    );
    for (const streams of processes) expect(await streams.load(id)).toEqual({ state: 90, revision: 89 });
  });

  it('keep states that are good enough, and ask for newer ones where they must', async () => {
    const ours = counters(store);
    await ours.transact(id, cause, () => [added(1)]);
    await store.append(`counter-${id}`, [newEvent(5)], 'any');
    expect(await ours.load(id, 0)).toEqual({ state: 1, revision: 0 });
    expect(await ours.load(id, 1)).toEqual({ state: 6, revision: 1 });
    await store.append(`counter-${id}`, [newEvent(5)], 'any');
    expect(await ours.load(id)).toEqual({ state: 11, revision: 2 });
  });

  it('keep no more states than they may, and load the others again', async () => {
    const few = counters(store, { cacheSize: 2 });
    for (const n of [1, 2, 3]) await few.transact(`${id}-${n}`, cause, () => [added(n)]);
    for (const n of [1, 2, 3]) expect(await few.load(`${id}-${n}`, 0)).toEqual({ state: n, revision: 0 });
  });

  it.each([
    ['was there all the same', ['after'] as const],
    ['never came there', ['before'] as const],
  ])('repeat an append without an answer, once, whether it %s', async (_what, answers) => {
    const streams = counters(losing([...answers]));
    await streams.transact(id, cause, () => [added(1)]);
    const decided = await streams.transact(id, cause, () => [added(2), added(3)]);
    expect(decided).toMatchObject({ state: 6, revision: 2 });
    expect(await amounts()).toEqual([1, 2, 3]);
    expect(await counters(store).load(id)).toEqual({ state: 6, revision: 2 });
  });

  it('repeat an append that was there though somebody appended after it', async () => {
    const streams = counters(losing(['after'], () => store.append(`counter-${id}`, [newEvent(10)], 'any')));
    const decided = await streams.transact(id, cause, () => [added(1)]);
    expect(decided).toMatchObject({ state: 1, revision: 0 });
    expect(await streams.load(id)).toEqual({ state: 11, revision: 1 });
    expect(await amounts()).toEqual([1, 10]);
  });

  it('give up when a second answer does not come either, and have the right state afterwards', async () => {
    const streams = counters(losing(['after', 'after']));
    await expect(streams.transact(id, cause, () => [added(1)])).rejects.toThrow(AppendTimeout);
    expect(await streams.load(id)).toEqual({ state: 1, revision: 0 });
  });
});
