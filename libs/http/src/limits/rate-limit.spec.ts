import { ApiError } from '@latchkey/platform';
import fc from 'fast-check';
import { RateLimit } from './rate-limit';

function retryAfter(take: () => void): number | undefined {
  try {
    take();
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    expect(error.status).toBe(429);
    return error.extra.retryAfterSeconds;
  }
}

test('the eleventh in a minute is turned away, and told when to come again', () => {
  let now = 0;
  const limit = new RateLimit(10, () => now);
  for (let n = 0; n < 10; n++) {
    limit.take('lock');
    now += 1000;
  }
  expect(retryAfter(() => limit.take('lock'))).toBe(50);
  expect(retryAfter(() => limit.take('other lock'))).toBeUndefined();
  now = 60_000;
  expect(retryAfter(() => limit.take('lock'))).toBeUndefined();
  expect(retryAfter(() => limit.take('lock'))).toBe(1);
});

test('0 is no limit', () => {
  const limit = new RateLimit(0, () => 0);
  for (let n = 0; n < 1000; n++) expect(retryAfter(() => limit.take('lock'))).toBeUndefined();
});

test('no minute ever holds more than the limit, and waiting as told always helps', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 100 }),
      (perMinute, pauses) => {
        let now = 0;
        const limit = new RateLimit(perMinute, () => now);
        const taken: number[] = [];
        for (const pause of pauses) {
          now += pause;
          const wait = retryAfter(() => limit.take('lock'));
          if (wait !== undefined) {
            now += wait * 1000;
            limit.take('lock');
          }
          taken.push(now);
        }
        for (const start of taken) {
          const within = taken.filter((at) => at >= start && at < start + 60_000);
          expect(within.length).toBeLessThanOrEqual(perMinute);
        }
      },
    ),
  );
});
