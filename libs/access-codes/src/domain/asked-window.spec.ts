import { HOUR } from '@latchkey/platform';
import { askedWindow, checkNotOver, checkOrder } from './asked-window';

const NOW = Date.UTC(2026, 5, 1, 12);
const over = { startsAt: NOW - 2 * HOUR, endsAt: NOW };

const refusalOf = (check: () => unknown): unknown => {
  try {
    check();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was refused');
};

describe('the period of a code as it is asked for', () => {
  it('must end after now; the refusal gives the time here, since this clock may be ahead of the caller’s', () => {
    checkNotOver({ ...over, endsAt: NOW + 1 }, NOW);
    checkNotOver(null, NOW);
    expect(refusalOf(() => checkNotOver(over, NOW))).toMatchObject({
      message: 'The code would have ended already: the clock here reads 2026-06-01T12:00:00.000Z.',
      reason: {
        kind: 'invalid',
        wrong: { endsAt: 'must lie in the future: the clock here reads 2026-06-01T12:00:00.000Z' },
      },
    });
  });

  it('has both ends or neither, in order', () => {
    expect(askedWindow(undefined, undefined)).toBeNull();
    expect(askedWindow(NOW, NOW + HOUR)).toEqual({ startsAt: NOW, endsAt: NOW + HOUR });
    for (const check of [
      () => askedWindow(NOW, undefined),
      () => askedWindow(undefined, NOW),
      () => askedWindow(NOW, NOW),
      () => checkOrder(NOW, NOW - 1),
    ])
      expect(refusalOf(check)).toMatchObject({ reason: { kind: 'invalid' } });
  });
});
