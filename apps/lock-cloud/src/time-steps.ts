import type { Abilities } from './model';

/** Whether the clock on the lock's wall shows a time that the lock can be told. */
export function isOnStep({ time_step_minutes: step = 1, timezone }: Abilities, at: number): boolean {
  if (step === 1) return true;
  const shown = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  }).formatToParts(at);
  const of = (type: string) => Number(shown.find((part) => part.type === type)?.value);
  const exact = of('second') === 0 && at % 1000 === 0;
  return exact && (of('hour') * 60 + of('minute')) % step === 0;
}
