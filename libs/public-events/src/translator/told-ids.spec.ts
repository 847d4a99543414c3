import { InMemoryEventStore, type Position } from '@latchkey/event-sourcing';
import fc from 'fast-check';
import { ToldIds } from './told-ids';

const STREAM = 'events-w';
const sourceOf = (place: number): Position => ({ commit: BigInt(place), prepare: BigInt(place) });

/** Events in the order of their sources, between them late ones and some of other people's. */
const streams = fc.array(
  fc.record({
    kind: fc.constantFrom('in order', 'in order', 'in order', 'late', 'foreign'),
    step: fc.nat(2),
    back: fc.nat(40),
  }),
  { maxLength: 120 },
);

describe('the ids in a public stream', () => {
  it('are found, each and no other, whatever order they are looked for in', async () => {
    await fc.assert(
      fc.asyncProperty(
        streams,
        fc.array(fc.record({ which: fc.nat(200), absent: fc.boolean() }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        async (written, looks, page) => {
          const store = new InMemoryEventStore();
          const there: { id: string; place: number }[] = [];
          let place = 1;
          for (const [n, { kind, step, back }] of written.entries()) {
            const id = `event-${n}`;
            if (kind === 'in order') place += step;
            const own = { id, place: kind === 'late' ? Math.max(0, place - back) : place };
            if (kind !== 'foreign') there.push(own);
            store.appendForeign(STREAM, kind === 'foreign' ? { id, type: 'x', data: 1 } : told(own, kind));
          }
          const ids = new ToldIds(store, STREAM, page);
          for (const { which, absent } of looks) {
            const known = there[which % Math.max(1, there.length)];
            const id = absent || !known ? `absent-${which}` : known.id;
            const source = sourceOf(known?.place ?? which);
            expect(await ids.has(id, source, written.length - 1)).toBe(id === known?.id);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are found with few reads, wherever in a long stream they are looked for', async () => {
    const store = new InMemoryEventStore();
    const all = Array.from({ length: 20_000 }, (_, n) => ({ id: `event-${n}`, place: n }));
    store.appendForeign(STREAM, ...all.map((event) => told(event, 'in order')));
    let read = 0;
    const counting = {
      read: (stream: string, from?: number, count?: number) => {
        read += count!;
        return store.read(stream, from, count);
      },
    };
    const ids = new ToldIds(counting, STREAM);
    for (const n of [19_990, 19_995]) expect(await ids.has(`event-${n}`, sourceOf(n), 19_999)).toBe(true);
    expect(read).toBeLessThan(6_000);
  });
});

function told({ id, place }: { id: string; place: number }, kind: string) {
  const at = '2026-06-01T12:00:00.000Z';
  return {
    id,
    type: 'told',
    data: { event_id: id, event_type: 'told', workspace_id: 'w', created_at: at, occurred_at: at },
    metadata: {
      ...{ $correlationId: 'r', $causationId: 'r', actor: { type: 'system' }, workspaceId: 'w' },
      ...{ schemaVersion: 1, occurredAt: at, sourcePosition: `${place}/${place}` },
      ...(kind === 'late' ? { late: true } : {}),
    },
  };
}
