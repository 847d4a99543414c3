import fc from 'fast-check';
import { iso, parseDuration, parseInstant } from './instant';

describe('an instant', () => {
  it('is written in UTC with milliseconds', () => {
    expect(iso(Date.UTC(2026, 0, 1))).toBe('2026-01-01T00:00:00.000Z');
  });

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (ms) => {
        expect(parseInstant(iso(ms))).toBe(ms);
      }),
    );
  });

  it.each([
    ['2026-03-29T14:00:00Z', '2026-03-29T14:00:00.000Z'],
    ['2026-03-29T14:00Z', '2026-03-29T14:00:00.000Z'],
    ['2026-03-29t14:00:00.5z', '2026-03-29T14:00:00.500Z'],
    ['2026-03-29T14:00:00.123999Z', '2026-03-29T14:00:00.123Z'],
    ['2026-03-29T14:00:00+02:00', '2026-03-29T12:00:00.000Z'],
    ['2026-03-29T14:00:00-0530', '2026-03-29T19:30:00.000Z'],
    ['2026-03-29T14:00:00', '2026-03-29T14:00:00.000Z'],
    ['2026-03-29T02:30', '2026-03-29T02:30:00.000Z'],
    ['2026-03-29t14:00:00.25', '2026-03-29T14:00:00.250Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ])('reads %s', (text, expected) => {
    expect(iso(parseInstant(text))).toBe(expected);
  });

  it.each([
    '',
    'now',
    '2026-03-29',
    '2026-03-29 14:00:00Z',
    '2025-02-29T00:00:00Z',
    '2025-02-29T00:00:00',
    '2026-13-01T00:00:00Z',
    '2026-03-29T25:00:00Z',
    '2026-03-29T14:00:00Z ',
    '2026-03-29T14:00:00[Europe/Berlin]',
    '1969-12-31T23:59:59Z',
    '1970-01-01T00:30:00+01:00',
    '10000-01-01T00:00:00Z',
    '1774792800000',
  ])('refuses %j', (text) => {
    expect(() => parseInstant(text)).toThrow(RangeError);
  });
});

describe('a duration', () => {
  it.each([
    ['PT72H', 72 * 3_600_000],
    ['PT60M', 3_600_000],
    ['PT0.25S', 250],
    ['PT1,5S', 1500],
    ['P1D', 86_400_000],
    ['P2W', 14 * 86_400_000],
    ['P1DT1H1M1.001S', 86_400_000 + 3_661_001],
    ['PT0S', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    'P',
    'PT',
    'P1DT',
    '72H',
    'P1Y',
    'P1M',
    '-PT1H',
    'PT-1H',
    'PT1H ',
    'pt1h',
    'PT1X',
    'PT999999999999H',
  ])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError);
  });
});
