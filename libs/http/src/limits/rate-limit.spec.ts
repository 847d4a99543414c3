import { ApiError, MINUTE } from '@latchkey/platform';
import { testDatabase, testEngines } from '@latchkey/database';
import fc from 'fast-check';
import { DeviceLimits } from './device-limits';
import { ownCounters, RateLimit, WINDOW_S } from './rate-limit';
import { sharedCounters } from './shared-counters';

const START = Date.UTC(2030, 0, 1);

beforeEach(() => {
  jest.useFakeTimers({ now: START, doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
});
afterEach(() => jest.useRealTimers());

/** @returns how long to wait, s; undefined where it was taken */
async function refusal(taking: Promise<void> | undefined): Promise<number | undefined> {
  try {
    await taking;
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    expect(error.status).toBe(429);
    return error.extra.retryAfterSeconds;
  }
}

describe('a limit', () => {
  test('refuses the eleventh in a minute, and says when to come again', async () => {
    const limit = new RateLimit('test', 10);
    for (let n = 0; n < 10; n++) {
      await limit.take('lock');
      jest.advanceTimersByTime(1000);
    }
    expect(await refusal(limit.take('lock'))).toBe(50);
    expect(await refusal(limit.take('other lock'))).toBeUndefined();
    jest.setSystemTime(START + MINUTE);
    expect(await refusal(limit.take('lock'))).toBeUndefined();
  });

  test('of 0 means no limit', async () => {
    const limit = new RateLimit('test', 0);
    for (let n = 0; n < 1000; n++) expect(await refusal(limit.take('lock'))).toBeUndefined();
  });

  test('is used up by requests only, however many of them read the counter at the same time', async () => {
    const limit = new RateLimit('test', 1000, (name, perMinute) => {
      const counter = ownCounters(name, perMinute);
      const consume = counter.consume.bind(counter);
      // As a shared counter does: it answers later than the next requests come.
      counter.consume = async (...asked) => {
        const answer = await consume(...asked);
        for (let n = 0; n < 50; n++) await Promise.resolve();
        return answer;
      };
      return counter;
    });
    const all: (number | undefined)[] = [];
    for (let n = 0; n < 1000; n += 40)
      all.push(...(await Promise.all(Array.from({ length: 40 }, () => refusal(limit.take('lock'))))));
    expect(all.filter((wait) => wait !== undefined)).toEqual([]);
    expect(await refusal(limit.take('lock'))).toBe(60);
  });

  test('is not pushed out by ten thousand other keys', async () => {
    const limit = new RateLimit('test', 2);
    await limit.take('lock');
    await limit.take('lock');
    for (let n = 0; n < 10_000; n++) await limit.take(`made up ${n}`);
    expect(await refusal(limit.take('lock'))).toBe(60);
  });

  test('holds for each window, also where parts are taken ahead, and waiting for Retry-After always helps', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 200, max: 900 })),
        fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 60 }),
        async (perMinute, pauses) => {
          const limit = new RateLimit(`test ${run++}`, perMinute);
          let begun = -Infinity;
          let taken = 0;
          for (const pause of pauses) {
            jest.setSystemTime(Date.now() + pause);
            for (let n = 0; n < perMinute / 4; n++) {
              const wait = await refusal(limit.take('lock'));
              if (wait !== undefined) {
                jest.setSystemTime(Date.now() + wait * 1000);
                await limit.take('lock');
              }
              if (Date.now() - begun >= WINDOW_S * 1000) [begun, taken] = [Date.now(), 0];
              expect(++taken).toBeLessThanOrEqual(perMinute);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

test('requests of one workspace for a device are not counted against another one', async () => {
  const limits = new DeviceLimits({ create: 1, update: 1, delete: 1, operate: 1 });
  const [ours, theirs] = [{ workspaceId: 'ours' }, { workspaceId: 'theirs' }];
  await limits.take('create', theirs, 'lock');
  expect(await refusal(limits.take('create', theirs, 'lock'))).toBe(60);
  expect(await refusal(limits.take('create', ours, 'lock'))).toBeUndefined();
  expect(await refusal(limits.take('update', ours, 'lock'))).toBeUndefined();
});

describe.each(testEngines)('counters on %s', (engine) => {
  test('count what every instance that shares the database has taken', async () => {
    jest.useRealTimers();
    const test = testDatabase(engine);
    try {
      // On SQLite there is one instance, whose counters are its own.
      const databases = engine === 'postgres' ? [await test.open(), await test.open()] : [await test.open()];
      const counters = await Promise.all(databases.map((database) => sharedCounters(database)));
      const limits = counters.map((each) => new RateLimit('shared', 3, each));
      for (let n = 0; n < 3; n++) await limits[n % limits.length]!.take('key');
      for (const limit of limits) expect(await refusal(limit.take('key'))).toBeGreaterThan(0);
      expect(await refusal(limits.at(-1)!.take('other key'))).toBeUndefined();
    } finally {
      await test.drop();
    }
  });
});
