import { HOUR } from '@latchkey/platform';
import fc from 'fast-check';
import { instantOf, isShownTwice, localSeconds } from './local-time';

const at = (iso: string): number => Date.parse(iso);

describe('the time that a lock shows', () => {
  it.each([
    ['2026-07-01T10:00:00Z', 'Europe/Berlin', '2026-07-01T12:00:00Z'],
    ['2026-12-01T10:00:00Z', 'Europe/Berlin', '2026-12-01T11:00:00Z'],
    ['2026-12-01T00:30:00Z', 'America/St_Johns', '2026-11-30T21:00:00Z'],
  ])('%s in %s is %s', (instant, zone, shown) => {
    expect(localSeconds(at(instant), zone) * 1000).toBe(at(shown));
    expect(instantOf(at(shown) / 1000, zone)).toBe(at(instant));
  });

  it('comes twice in the hour in which summer time ends, and is taken for the earlier one', () => {
    const first = at('2026-10-25T00:30:00Z');
    expect(localSeconds(first, 'Europe/Berlin')).toBe(localSeconds(first + HOUR, 'Europe/Berlin'));
    expect(instantOf(localSeconds(first + HOUR, 'Europe/Berlin'), 'Europe/Berlin')).toBe(first);
    expect(
      [first, first + HOUR, first + 2 * HOUR].map((each) => isShownTwice(each, 'Europe/Berlin')),
    ).toEqual([...[true, true, false]]);
  });

  it('leads back to the instant, except where it is shown twice', () => {
    const zone = fc.constantFrom(
      ...['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'UTC', 'Pacific/Apia'],
    );
    const second = fc.integer({
      min: at('2020-01-01T00:00:00Z') / 1000,
      max: at('2040-01-01T00:00:00Z') / 1000,
    });
    fc.assert(
      fc.property(zone, second, (name, seconds) => {
        const instant = seconds * 1000;
        const back = instantOf(localSeconds(instant, name), name);
        expect(back === instant || isShownTwice(instant, name)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
