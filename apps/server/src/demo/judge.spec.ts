import { HOUR } from '@latchkey/platform';
import { disagreement, type Promised } from './judge';

const START = 10 * HOUR;
const END = 12 * HOUR;
const window = { startsAt: START, endsAt: END };
const scheduled: Promised = { window, native: true, lead: HOUR };
const justInTime: Promised = { window, native: false, lead: HOUR };
const ongoing: Promised = { window: null, native: false, lead: HOUR };

describe('the keypad compared with what was asked for', () => {
  it.each([
    ['opens in its window', scheduled, { at: START, status: 'set', opens: true }],
    ['is shut before its window', scheduled, { at: START - 1, status: 'unset', opens: false }],
    ['is shut from its end on', scheduled, { at: END, status: 'removing', opens: false }],
    ['opens within the lead', justInTime, { at: START - HOUR, status: 'setting', opens: true }],
    ['opens until the removal is confirmed', justInTime, { at: END + 1, status: 'removing', opens: true }],
    ['opens on a lock that nobody can reach', justInTime, { at: END + 1, status: 'unknown', opens: true }],
    ['is shut while the lock is being told', justInTime, { at: START, status: 'setting', opens: false }],
    ['opens as long as it is there', ongoing, { at: 99 * HOUR, status: 'set', opens: true }],
    ['is shut when it is gone', ongoing, { at: 99 * HOUR, status: 'gone', opens: false }],
  ])('agrees when it %s', (_, promised, sight) => {
    expect(disagreement(promised, sight)).toBeNull();
  });

  it.each([
    ['set and shut', scheduled, { at: START, status: 'set', opens: false }],
    ['gone and open', ongoing, { at: START, status: 'gone', opens: true }],
    ['unset and open', scheduled, { at: START - 1, status: 'unset', opens: true }],
    ['open before the window', scheduled, { at: START - 1, status: 'setting', opens: true }],
    ['open after the window', scheduled, { at: END, status: 'removing', opens: true }],
    ['open before the lead', justInTime, { at: START - HOUR - 1, status: 'setting', opens: true }],
    ['called set after the window', justInTime, { at: END, status: 'set', opens: true }],
  ])('does not agree when it is %s', (_, promised, sight) => {
    expect(disagreement(promised, sight)).not.toBeNull();
  });
});
