import fc from 'fast-check';
import type { Reading } from './lock-line';
import { countSlots } from './slot-count';

const free: Reading = { kind: 'read', status: 'available', pin: null };

describe('counting slots', () => {
  it('finds how many a lock has, also where some refusals are not told', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1024 }),
        fc.infiniteStream(fc.boolean()),
        async (has, told) => {
          let readings = 0;
          const count = await countSlots((slot) => {
            readings++;
            if (slot < has) return Promise.resolve(free);
            return Promise.resolve({ kind: told.next().value ? 'no-such-slot' : 'silent' });
          });
          expect(count).toBe(has);
          expect(readings).toBeLessThanOrEqual(21);
        },
      ),
    );
  });

  it.each(['silent', 'unsent'] as const)('ends where the lock is %s', async (kind) => {
    let answers = 5;
    expect(await countSlots(() => Promise.resolve(answers-- > 0 ? free : { kind }))).toBeNull();
    expect(await countSlots(() => Promise.resolve({ kind }))).toBeNull();
  });
});
