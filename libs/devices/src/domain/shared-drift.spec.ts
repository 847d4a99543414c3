import { DAY, MINUTE } from '@latchkey/platform';
import { sharedDrift } from './shared-drift';

const DAYS = 3 * DAY;

describe('a drift that nearly all locks share is the server’s', () => {
  it.each([
    ['none reports the time', [], 0],
    ['all are right', [0, 500, -800], 0],
    ['one of them is wrong', [0, 0, -DAYS], 0],
    ['there is only one, and nothing else supports it', [-DAYS], 0],
    ['both are off by the same', [-DAYS, -DAYS + 400], -DAYS + 400],
    ['half of them are an hour off', [60 * MINUTE, 60 * MINUTE, 0, 0], 0],
    ['each is off by something else', [5 * MINUTE, 50 * MINUTE, -30 * MINUTE], 0],
    ['one of many is wrong by itself beside', [-DAYS, -DAYS, -DAYS, -DAYS + 5 * MINUTE], -DAYS],
  ])('%s', (_, drifts, shared) => {
    expect(sharedDrift(drifts, MINUTE)).toBe(shared);
  });

  it('one lock is enough where the server’s clock has jumped by as much', () => {
    expect(sharedDrift([-DAYS + 200], MINUTE, DAYS)).toBe(-DAYS + 200);
    expect(sharedDrift([-5 * MINUTE], MINUTE, DAYS)).toBe(0);
    expect(sharedDrift([0], MINUTE, DAYS)).toBe(0);
  });
});
