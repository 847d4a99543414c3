import { InMemoryEventStore } from './in-memory';
import { sharedHistory } from './restored-store';
import { newEvent } from './testing/counter';

const LATER = Number.MAX_SAFE_INTEGER;

/** A store with three events, and the mark of the second. */
async function standing() {
  const store = new InMemoryEventStore();
  await store.append('counter-1', [newEvent(1), newEvent(2), newEvent(3)], 'no-stream');
  const events = [];
  for await (const event of store.read('counter-1')) events.push(event);
  const [, { id, position }] = events as [unknown, (typeof events)[0]];
  return { store, last: events.at(-1)!, mark: { id, position } };
}

const checkpoint = (lastEvent: { id?: string; position: { commit: bigint; prepare: bigint } }) => ({
  position: lastEvent.position,
  lastEvent: { id: 'of another history', ...lastEvent },
  updatedAt: LATER,
});

describe('the history that a store shares with a view', () => {
  it('is whole where the view’s last event is where it was', async () => {
    const { store, mark } = await standing();
    expect(await sharedHistory(store, checkpoint(mark))).toBeUndefined();
  });

  it('ends where the store ends before it, and where it has another event in its place', async () => {
    const { store, last, mark } = await standing();
    const beyond = { commit: 1_000_000n, prepare: 1_000_000n };
    expect((await sharedHistory(store, checkpoint({ position: beyond })))?.end?.id).toBe(last.id);
    expect((await sharedHistory(store, checkpoint({ position: mark.position })))?.end?.id).toBe(last.id);
  });

  it('ends where the store has gone on past it, and no event of its own begins there', async () => {
    const { store, last, mark } = await standing();
    const elsewhere = Object.assign(Object.create(store) as typeof store, {
      eventAt: () => Promise.resolve(null),
    });
    expect((await sharedHistory(elsewhere, checkpoint(mark)))?.end?.id).toBe(last.id);
  });

  it('is not doubted for an event that the store keeps no more', async () => {
    const { store, mark } = await standing();
    const scavenged = Object.assign(Object.create(store) as typeof store, {
      eventAt: () => Promise.resolve(undefined),
    });
    expect(await sharedHistory(scavenged, checkpoint(mark))).toBeUndefined();
  });
});
