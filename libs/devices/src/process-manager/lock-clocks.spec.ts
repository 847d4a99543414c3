import { createLogger, HOUR, MINUTE } from '@latchkey/platform';
import { LockClocks } from './lock-clocks';

function clocksWith(offset = 0) {
  const verdicts: (readonly string[])[] = [];
  const own = {
    offset,
    believed: 0,
    doubted: 0,
    believe: () => void (own.believed += 1),
    doubt: () => void (own.doubted += 1),
  };
  const clocks = new LockClocks({
    ...{ own, tolerance: MINUTE, logger: createLogger('fatal') },
    onVerdict: (accountIds) => Promise.resolve(void verdicts.push(accountIds)),
  });
  const hear = (accountId: string, ...drifts: (number | null)[]) =>
    clocks.hear(
      accountId,
      drifts.map((clockDrift, n) => ({ lockId: `lock-${n}`, clockDrift })),
    );
  return { clocks, own, verdicts, hear };
}

it('finds the server’s own drift over all accounts, and has the others checked again', async () => {
  const { verdicts, hear } = clocksWith();
  expect(await hear('a', -HOUR)).toBe(0);
  expect(await hear('b', -HOUR - 200)).toBe(-HOUR);
  expect(verdicts).toEqual([['a']]);
  expect(await hear('a', -HOUR)).toBe(-HOUR);
  expect(verdicts).toHaveLength(1);
});

it('finds that the server is right again', async () => {
  const { verdicts, hear } = clocksWith();
  expect(await hear('a', -HOUR, -HOUR)).toBe(-HOUR);
  expect(await hear('a', 0, 100)).toBe(0);
  expect(verdicts).toHaveLength(2);
});

it('ignores locks that report no time, and starts again when the clock is set', async () => {
  const { clocks, hear } = clocksWith();
  expect(await hear('a', null, null)).toBe(0);
  expect(await hear('a', -HOUR, null)).toBe(0);
  clocks.forget();
  expect(await hear('b', -HOUR)).toBe(0);
});

it('needs one lock where the clock is known to have been set, and reports when that was right', async () => {
  const forward = clocksWith(HOUR);
  expect(await forward.hear('a', -HOUR)).toBe(-HOUR);
  expect([forward.own.believed, forward.own.doubted]).toEqual([0, 1]);
  const rightly = clocksWith(HOUR);
  expect(await rightly.hear('a', 300)).toBe(0);
  expect([rightly.own.believed, rightly.own.doubted]).toEqual([1, 0]);
});

it('takes one lock that differs alone for wrong', async () => {
  const { own, hear } = clocksWith();
  expect(await hear('a', 0, 0, 5 * MINUTE)).toBe(0);
  expect(own.believed).toBe(0);
});
