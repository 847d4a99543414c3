import { DateTime } from 'luxon';

/**
 * An instant as a lock's own clock shows it, in seconds since the epoch as if that were UTC.
 * @param instant ms
 */
export function localSeconds(instant: number, zone: string): number {
  return Math.floor(
    DateTime.fromMillis(instant, { zone }).setZone('utc', { keepLocalTime: true }).toSeconds(),
  );
}

/** The instant, ms, at which a lock's clock shows that; the earlier one in the hour that autumn has twice. */
export function instantOf(local: number, zone: string): number {
  const shown = DateTime.fromSeconds(local, { zone: 'utc' }).setZone(zone, { keepLocalTime: true });
  const [earlier = shown] = shown.getPossibleOffsets().sort((a, b) => a.toMillis() - b.toMillis());
  return earlier.toMillis();
}

/** Whether a lock's clock shows the same time once more, an hour before or after: no schedule can tell the two apart. */
export function isShownTwice(instant: number, zone: string): boolean {
  return DateTime.fromMillis(instant, { zone }).getPossibleOffsets().length > 1;
}
