import { type PageRequest, pageOf, startOf } from '@latchkey/platform';
import fc from 'fast-check';
import { inSteps, inWindows } from './steps';

const rows = (count: number) => Array.from({ length: count }, (_, n) => ({ at: n, id: String(n) }));

test('a page read in steps is the page read at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(450), fc.integer({ min: 1, max: 500 }), async (count, limit) => {
      const all = rows(count);
      const asked: number[] = [];
      const read = (page: PageRequest) => {
        asked.push(page.limit);
        const { at } = startOf(page, {});
        const next = all.filter((row) => row.at > at).slice(0, page.limit + 1);
        return Promise.resolve(
          pageOf(
            next,
            page,
            {},
            (row) => row,
            ({ id }) => id,
          ),
        );
      };
      const whole = await read({ limit });
      asked.length = 0;
      expect(await inSteps({ limit }, read)).toEqual(whole);
      expect(Math.max(...asked)).toBeLessThanOrEqual(100);
    }),
    { numRuns: 50 },
  );
});

test('a filter finds in windows what it finds at once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 9_000 }),
      fc.integer({ min: 1, max: 4_000 }),
      fc.integer({ min: 1, max: 50 }),
      async (count, every, limit) => {
        const all = rows(count);
        const matching = all.filter(({ at }) => at % every === 0);
        const found = await inWindows(
          { after: { at: -1, id: '' }, limit },
          (after, far) => Promise.resolve(all[after.at + far]),
          (after, upTo, most) =>
            Promise.resolve(
              matching.filter(({ at }) => at > after.at && (!upTo || at <= upTo.at)).slice(0, most),
            ),
        );
        expect(found).toEqual(matching.slice(0, limit));
      },
    ),
    { numRuns: 50 },
  );
});
