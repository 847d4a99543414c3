import { DateTime, Duration } from 'luxon';

const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The same instants are shown again and again: writing them was a tenth of a page of codes. */
const written = new Map<number, string>();
/** And a parameter is read twice: when it is checked, and when it is handed on. */
const read = new Map<string, number>();
const MOST_KEPT = 4_096;

/** An instant (ms since the epoch) as the API writes it: UTC with milliseconds, 2026-01-01T00:00:00.000Z. */
export function iso(ms: number): string {
  let text = written.get(ms);
  if (text === undefined) {
    text = new Date(ms).toISOString();
    if (written.size >= MOST_KEPT) written.clear();
    written.set(ms, text);
  }
  return text;
}

// luxon reads more than this (dates alone, ordinal dates, named zones); an instant is unmistakable or refused.
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?$/i;

/** As clients mostly write it, and as this server does: read without luxon, at a tenth of the cost. */
const USUAL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$/;

/**
 * Reads an ISO 8601 instant: date and time, in the years 1970 to 9999, with Z or an offset; without either it is
 * UTC. What is finer than a millisecond is cut off.
 * @returns ms since the epoch
 * @throws RangeError on anything else
 */
export function parseInstant(text: string): number {
  const known = read.get(text);
  if (known !== undefined) return known;
  const usual = USUAL.test(text) ? Date.parse(text) : NaN;
  // A day that does not exist (30 February) would be read as another one.
  if (usual >= EARLIEST && iso(usual).startsWith(text.slice(0, 19))) {
    if (read.size >= MOST_KEPT) read.clear();
    // As it is written here, which is how most come: any other spelling is read again.
    read.set(iso(usual), usual);
    return usual;
  }
  const parsed = INSTANT.test(text) ? DateTime.fromISO(text.toUpperCase(), { zone: 'utc' }) : undefined;
  const ms = parsed?.isValid ? parsed.toMillis() : NaN;
  if (!(ms >= EARLIEST && ms <= LATEST)) {
    throw new RangeError('must be an ISO 8601 date and time, like 2026-01-31T14:00:00Z');
  }
  return ms;
}

const NUMBER = String.raw`\d{1,12}(?:[.,]\d{1,9})?`;
const DURATION = new RegExp(
  `^P(?=\\d|T\\d)(${NUMBER}W)?(${NUMBER}D)?(T(?=\\d)(${NUMBER}H)?(${NUMBER}M)?(${NUMBER}S)?)?$`,
);

/**
 * Reads an ISO 8601 duration made of weeks, days, hours, minutes and seconds. A day is always 24 hours, since
 * all our instants are UTC; years and months, which have no fixed length, and negative durations are refused.
 * @returns whole milliseconds
 * @throws RangeError on anything else
 */
export function parseDuration(text: string): number {
  const parsed = DURATION.test(text) ? Duration.fromISO(text) : undefined;
  const ms = parsed?.isValid ? Math.round(parsed.toMillis()) : NaN;
  if (!(ms <= LATEST)) {
    throw new RangeError(
      'must be an ISO 8601 duration of weeks, days, hours, minutes or seconds, like PT72H',
    );
  }
  return ms;
}
