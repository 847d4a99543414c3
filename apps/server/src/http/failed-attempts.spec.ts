import { ApiError, MINUTE } from '@latchkey/platform';
import { FailedAttempts } from './failed-attempts';

jest.useFakeTimers();

/** Fails at the same instant `times` over. @returns when each was answered, ms from now; null: turned away */
async function fail(attempts: FailedAttempts, address: string, times: number): Promise<(number | null)[]> {
  const start = performance.now();
  const answers = Array.from({ length: times }, () =>
    attempts.failed(address).then(
      () => performance.now() - start,
      (error: unknown) => {
        expect(error).toBeInstanceOf(ApiError);
        return null;
      },
    ),
  );
  await jest.advanceTimersByTimeAsync(MINUTE);
  return Promise.all(answers);
}

test('the first wrong keys are answered at once, the next later and later, the last not at all', async () => {
  const times = await fail(new FailedAttempts(), 'a', 15);
  expect(times.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
  expect(times.slice(5, 10)).toEqual([100, 300, 700, 1500, 3100]);
  expect(times.at(-1)).toBeNull();
});

test('one address waits for itself alone', async () => {
  const attempts = new FailedAttempts();
  await fail(attempts, 'a', 20);
  expect(await fail(attempts, 'b', 5)).toEqual([0, 0, 0, 0, 0]);
});

test('somebody who was quiet for long starts again', async () => {
  const attempts = new FailedAttempts();
  await fail(attempts, 'a', 20);
  await jest.advanceTimersByTimeAsync(16 * MINUTE);
  expect(await fail(attempts, 'a', 1)).toEqual([0]);
});

test('those who wait are let go when the server stops', async () => {
  const attempts = new FailedAttempts();
  await fail(attempts, 'a', 5);
  const waiting = attempts.failed('a');
  attempts.release();
  await expect(waiting).resolves.toBeUndefined();
});

describe('a good key', () => {
  test('is let in at once where nobody has been guessing, and for who had it before they began', async () => {
    const attempts = new FailedAttempts();
    await attempts.passed('a', 'key');
    await fail(attempts, 'a', 20);
    const start = performance.now();
    await attempts.passed('a', 'key');
    await attempts.passed('b', 'key');
    expect(performance.now() - start).toBe(0);
  });

  test('among three thousand guesses waits as they do, or is turned away with them', async () => {
    const attempts = new FailedAttempts();
    const start = performance.now();
    const wrong = Array.from({ length: 3000 }, () => attempts.failed('a').catch(() => null));
    const guessed = attempts.passed('a', 'key').then(
      () => performance.now() - start,
      () => null,
    );
    await jest.advanceTimersByTimeAsync(MINUTE);
    await Promise.all(wrong);
    expect(await guessed).toBeNull();
    const later = performance.now();
    const alone = attempts.passed('a', 'key').then(() => performance.now() - later);
    await jest.advanceTimersByTimeAsync(MINUTE);
    expect(await alone).toBeGreaterThanOrEqual(2000);
  });
});
