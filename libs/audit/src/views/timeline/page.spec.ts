import { iso } from '@latchkey/platform';
import fc from 'fast-check';
import { pageOfTimeline } from './page';
import type { TimelineEvent } from './timeline';

const eventsAt = (instants: number[]): TimelineEvent[] =>
  instants.map((at, index) => ({
    timeline_event_id: String(index),
    event_type: index % 3 === 0 ? 'access_code.changed' : 'access_code.set_on_device',
    occurred_at: iso(at),
    description: '',
    actor: { type: 'system' },
  }));

/** Instants in order, several events at some of them. */
const instants = fc
  .array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 })
  .map((all) => all.sort((a, b) => a - b));

test('pages from cursor to cursor hold every event once, in order, forwards and backwards', () => {
  fc.assert(
    fc.property(instants, fc.integer({ min: 1, max: 7 }), (all, limit) => {
      const events = eventsAt(all);
      const forwards: TimelineEvent[] = [];
      for (let page = pageOfTimeline(events, { limit }); ;) {
        forwards.push(...page.events);
        if (!page.hasMore) break;
        page = pageOfTimeline(events, { limit, after: Date.parse(page.events.at(-1)!.occurred_at) });
      }
      expect(forwards).toEqual(events);
      const backwards: TimelineEvent[] = [];
      for (let before = 1000; ;) {
        const page = pageOfTimeline(events, { limit, before });
        backwards.unshift(...page.events);
        if (!page.hasMore) break;
        before = Date.parse(page.events[0]!.occurred_at);
      }
      expect(backwards).toEqual(events);
    }),
  );
});

test('types that were not asked for are left out', () => {
  const { events } = pageOfTimeline(eventsAt([1, 2, 3, 4]), { limit: 5, types: ['access_code.changed'] });
  expect(events.map(({ timeline_event_id }) => timeline_event_id)).toEqual(['0', '3']);
});
