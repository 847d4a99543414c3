import { historyUpTo } from './history-up-to';
import { InMemoryEventStore } from './in-memory';
import type { EventMetadata, Position } from './event-store';

const metadata: EventMetadata = {
  $correlationId: 'c',
  $causationId: 'c',
  actor: { type: 'system' },
  workspaceId: 'w',
  schemaVersion: 1,
  occurredAt: '2026-01-01T00:00:00.000Z',
};

describe('a history that ends at a position', () => {
  const store = new InMemoryEventStore();
  let [at, last]: (Position | undefined)[] = [];
  const append = async (type: string): Promise<Position> => {
    const event = { id: crypto.randomUUID(), type, data: {}, metadata };
    return (await store.append(`counter-${type}`, [event], 'no-stream')).position;
  };
  /** What comes until it says that there is no more, and a while longer. */
  const follow = async (end: Position): Promise<string[]> => {
    const told: string[] = [];
    const subscription = historyUpTo(store, end).subscribeToAll({
      after: undefined,
      prefixes: ['counter-'],
      onEvents: (events) => Promise.resolve(void told.push(...events.map(({ type }) => type))),
      onCaughtUp: () => told.push('caught up'),
    });
    while (!told.includes('caught up')) await new Promise((turn) => setImmediate(turn));
    await append(`later${told.length}${Math.random()}`);
    for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next));
    await subscription.stop();
    return told;
  };
  beforeAll(async () => {
    await append('a');
    at = await append('b');
    last = await append('c');
  });

  test('has what happened up to there, and has caught up once', async () => {
    expect(await follow(at!)).toEqual(['a', 'b', 'caught up']);
  });

  test('may be all that there is: what happens later is not in it', async () => {
    expect(await follow(last!)).toEqual(['a', 'b', 'c', 'caught up']);
  });
});
