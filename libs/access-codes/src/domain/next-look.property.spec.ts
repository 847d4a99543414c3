import fc from 'fast-check';
import { nextLook, othersMatter } from './next-look';
import { Life } from './testing/life';
import { anything } from './testing/turmoil';

const incidents = fc.array(anything, { minLength: 10, maxLength: 60, size: 'max' });

describe('before its time a code', () => {
  it('is looked at no later without those that have its PIN than with them', () => {
    let ignored = 0;
    fc.assert(
      fc.property(incidents, fc.boolean(), (all, native) => {
        const life = new Life(native);
        for (const incident of all) incident.happen(life);
        for (const { code, on } of life.planned) {
          if (!code || othersMatter(code, on)) continue;
          const own = on.keypad.reservations.filter(({ codeId }) => codeId === code.codeId);
          if (own.length < on.keypad.reservations.length) ignored++;
          const exact = nextLook(code.codeId, code, on);
          const alone = nextLook(code.codeId, code, { ...on, keypad: { ...on.keypad, reservations: own } });
          // What is due now is looked at with all there is.
          if (alone.at === 'now') continue;
          expect(alone.at).toBe(exact.at);
          if (alone.at !== 'later' || exact.at !== 'later') continue;
          expect(alone.forKeypad).toBe(exact.forKeypad);
          expect(alone.until ?? Infinity).toBeLessThanOrEqual(exact.until ?? Infinity);
        }
      }),
      { numRuns: 500 },
    );
    expect(ignored).toBeGreaterThan(100);
  });
});
