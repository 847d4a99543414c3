import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { type Database, testDatabase, type TestDatabase } from '@latchkey/database';
import { until } from '@latchkey/platform';
import { createHmac, randomUUID } from 'node:crypto';
import type { EventStore, RecordedEvent } from './event-store';
import { EventStoreDb } from './eventstoredb';
import { InMemoryEventStore } from './in-memory';
import { MarkedEventStore, type Marker } from './marked-event-store';
import { ProjectionRunner } from './projection-runner';
import type { Tables } from './tables';
import { added, cause, counters, newEvent, SumsProjection, TestNode } from './testing/counter';

const markerOf = (key: string): Marker => {
  const mark = (text: string) => createHmac('sha256', key).update(text).digest('base64url');
  return { mark, isMarked: (text, given) => mark(text) === given };
};

describe('a store of marked events', () => {
  const node = new TestNode();
  let plain: EventStoreDb;
  let store: MarkedEventStore;
  let stranger: EventStoreDBClient;
  let number = 0;
  let id: string;
  let stream: string;

  beforeAll(async () => {
    const url = await node.start();
    plain = new EventStoreDb(url);
    store = new MarkedEventStore(plain, markerOf('ours'), undefined);
    stranger = EventStoreDBClient.connectionString(url);
  });
  afterAll(async () => {
    await stranger.dispose();
    await plain.close();
    await node.discard();
  });
  beforeEach(() => {
    id = `marked-${++number}`;
    stream = `counter-${id}`;
  });

  const written = async (from = stream): Promise<RecordedEvent[]> => {
    const events = [];
    for await (const event of plain.read(from)) events.push(event);
    return events;
  };
  const sumOf = async (of = id, seen = store) => (await counters(seen).load(of)).state;
  /** Somebody else who may append; with the very bytes of an event of ours, or others. */
  const put = (
    to: string,
    { id: eventId, type, data, metadata }: Pick<RecordedEvent, 'id' | 'type' | 'data' | 'metadata'>,
  ) =>
    stranger.appendToStream(
      to,
      jsonEvent({ id: eventId, type, data: data as Record<string, number>, metadata: { ...metadata } }),
    );

  it('gives a salt to what carries anything personal, and believes it with that salt alone', async () => {
    const personal = { ...newEvent(1), data: { amount: 1, told: [{ name: 'Ada' }] } };
    await store.append(
      stream,
      [personal, newEvent(2), { ...newEvent(3), data: { amount: 3, name: null } }],
      -1,
    );
    const [first, ...others] = await written();
    expect(first!.metadata.salt).toMatch(/^[\w-]{22}$/);
    expect(others.map(({ metadata }) => metadata.salt)).toEqual([undefined, undefined]);
    expect(await sumOf()).toBe(6);
    await put(stream, { ...first!, id: randomUUID(), metadata: { ...first!.metadata, salt: 'other' } });
    expect(await sumOf()).toBe(6);
  });

  it('believes what it has appended itself, whatever is in it', async () => {
    await counters(store).transact(id, cause, () => [added(2), added(0.1), added(-0)]);
    const odd = {
      amount: 1,
      names: { 10: 'a', 2: 'b', ['__proto__']: 1 },
      text: 'é \u2028 😀 \ud800',
      gone: undefined,
    };
    await store.append(stream, [{ ...newEvent(0), data: odd }], 2);

    expect(await sumOf()).toBeCloseTo(3.1);
    for await (const event of store.read(stream)) expect(event.forged).toBeUndefined();
    for await (const event of store.readBackwards(stream, 10)) expect(event.forged).toBeUndefined();
  });

  it('is told by the JSON that is stored, where that is at hand, and by what is in it otherwise', async () => {
    const asked: string[] = [];
    const marker = markerOf('ours');
    const watched: Marker = {
      ...marker,
      isMarked: (text, mark) => {
        asked.push(text);
        return marker.isMarked(text, mark);
      },
    };
    const data = { amount: 1, text: 'é \u2028 😀 "\\', names: { 10: 'a', 2: 'b' } };
    await store.append(stream, [{ ...newEvent(0), data }], -1);
    const [event] = await written();
    const { mark, ...metadata } = event!.metadata;
    const judged = async (changed: RecordedEvent): Promise<RecordedEvent['forged']> => {
      asked.length = 0;
      const texts = { data: JSON.stringify(changed.data), metadata: JSON.stringify(changed.metadata) };
      const one: EventStore = new InMemoryEventStore();
      one.eventAt = () => Promise.resolve({ written: texts, ...changed });
      const found = await new MarkedEventStore(one, watched, undefined).eventAt(event!.position);
      return found!.forged;
    };

    expect(await judged(event!)).toBeUndefined();
    expect(asked).toHaveLength(1);
    // The same event, written by somebody else with spaces, or the mark elsewhere.
    const spaced = { data: JSON.stringify(data, null, 1), metadata: JSON.stringify(event!.metadata) };
    expect(await judged({ ...event!, written: spaced })).toBeUndefined();
    expect(await judged({ ...event!, metadata: { mark: mark!, ...metadata } })).toBeUndefined();
    for (const change of [
      ...[{ data: { ...data, amount: 2 } }, { revision: 1 }, { stream: `${stream}1` }, { type: 'Other' }],
      ...[{ id: randomUUID() }, { metadata: { ...metadata, workspaceId: 'other', mark: mark! } }],
      { metadata: { ...metadata, mark: marker.mark('another') } },
    ]) {
      expect(await judged({ ...event!, ...change })).toBe('its mark is not right');
    }
  });

  it('does not accept an event without a mark, nor one that another key has marked, and goes on after it', async () => {
    await counters(store).transact(id, cause, () => [added(1)]);
    await put(stream, { ...newEvent(100) });
    await new MarkedEventStore(plain, markerOf('theirs'), undefined).append(stream, [newEvent(100)], 1);

    expect(await sumOf()).toBe(1);
    await counters(store).transact(id, cause, () => [added(2)]);
    expect(await sumOf()).toBe(3);
    expect((await written()).map(({ revision }) => revision)).toEqual([0, 1, 2, 3]);
  });

  it('does not accept an event of ours that was repeated, copied to another stream, or changed', async () => {
    await counters(store).transact(id, cause, () => [added(1)]);
    const [event] = await written();
    await put(stream, { ...event!, id: randomUUID() });
    await put(stream, { ...event!, id: event!.id });
    await put(`counter-${id}-copy`, event!);
    await put(`counter-${id}-changed`, { ...event!, data: { amount: 5 } });

    expect(await sumOf()).toBe(1);
    expect(await sumOf(`${id}-copy`)).toBe(0);
    expect(await sumOf(`${id}-changed`)).toBe(0);
  });

  it('knows what it has appended when that comes back, and checks the mark of everything else', async () => {
    let checked = 0;
    const { mark, isMarked } = markerOf('ours');
    const counted = { mark, isMarked: (...given: [string, string]) => (checked++, isMarked(...given)) };
    const follower = new MarkedEventStore(plain, counted, undefined);
    const came: RecordedEvent[] = [];
    const following = follower.subscribeToAll({
      after: undefined,
      prefixes: [stream],
      onEvents: (events) => Promise.resolve(void came.push(...events)),
    });
    try {
      await follower.append(stream, [newEvent(1), newEvent(2)], -1);
      await until(() => came.length === 2);
      expect([came.map(({ forged }) => forged), checked]).toEqual([[undefined, undefined], 0]);
      // Its mark is known from before, when it is repeated at once, with other data, in another place.
      await follower.append(stream, [newEvent(3)], 1);
      const [last] = (await written()).slice(-1);
      await put(stream, { ...last!, id: randomUUID(), data: { amount: 300 } });
      await until(() => came.length === 4);
      expect(came.map(({ forged }) => forged !== undefined)).toEqual([false, false, false, true]);
      const another = new MarkedEventStore(plain, counted, undefined);
      await another.append(stream, [newEvent(4)], 3);
      await until(() => came.length === 5);
      expect(came.at(-1)!.forged).toBeUndefined();
      expect(checked).toBeGreaterThan(1);
    } finally {
      await following.stop();
    }
  });

  it('believes it no more where another revision of its stream was deleted and written again', async () => {
    await counters(store).transact(id, cause, () => [added(1), added(2)]);
    const events = await written();
    await stranger.deleteStream(stream);
    await put(stream, events[1]!);
    await put(stream, events[0]!);

    expect(await sumOf()).toBe(0);
  });

  it('takes over what was there before there were marks, and nothing later', async () => {
    await counters(plain).transact(id, cause, () => [added(1), added(2)]);
    const taken = new MarkedEventStore(plain, markerOf('ours'), await plain.ping());
    await counters(taken).transact(id, cause, () => [added(4)]);
    await counters(plain).transact(id, cause, () => [added(8)]);

    expect(await sumOf(id, taken)).toBe(7);
    expect(await sumOf(id)).toBe(4);
  });

  it('appends the same marks again when an answer was lost, which adds nothing', async () => {
    const event = newEvent(1);
    await store.append(stream, [event], -1);
    await store.append(stream, [event], -1);
    expect(await written()).toHaveLength(1);
    await expect(store.append(stream, [newEvent(1)], 'any')).rejects.toThrow(TypeError);
  });

  describe('with a view', () => {
    let test: TestDatabase;
    let database: Database<Tables>;
    let runner: ProjectionRunner;
    beforeEach(async () => {
      test = testDatabase('sqlite');
      database = await test.open<Tables>();
    });
    afterEach(async () => {
      await runner.stop();
      await test.drop();
    });

    it('sets forged events aside and says so, building the view and later, and folds the others', async () => {
      const projection = new SumsProjection();
      Object.assign(projection, { prefixes: [`${stream}`] });
      const parked: string[] = [];
      await counters(store).transact(id, cause, () => [added(1)]);
      await put(stream, { ...newEvent(100) });
      runner = new ProjectionRunner({
        store,
        database,
        projection,
        clock: { now: () => 1_000 },
        onParked: (_name, event, reason) => parked.push(`${event.revision}: ${reason}`),
      });
      await runner.start();
      await runner.caughtUp;
      await put(stream, { ...(await written())[0]!, id: randomUUID() });
      const { position } = await counters(store).transact(id, cause, () => [added(2)]);
      expect(await runner.reached(position, 10_000)).toBe(true);

      expect(parked).toEqual([
        expect.stringMatching(/^1: .*: it has no mark$/),
        expect.stringMatching(/^2: .*: its mark is not right$/),
      ]);
      expect(await database.db.selectFrom('sums_v1').selectAll().execute()).toEqual([{ stream, total: 3 }]);
      expect(await database.db.selectFrom('parked_events').select('reason').execute()).toHaveLength(2);
    });
  });
});
