import { contentsOf, toldOf, type Window } from '@latchkey/access-codes';
import { type Certainty, openingAt } from './certainty';
import { asOf, type CodeFact, type CodeMoment } from './code-history';

/** What was known of a lock from an instant on. */
export interface LockMoment {
  readonly at: number;
  readonly name: string;
  readonly online: boolean;
  readonly clockTrusted: boolean;
}

/** A code that opened a door at an instant. */
export interface Opener {
  readonly codeId: string;
  readonly name: string | null;
  readonly certainty: Certainty;
  /** The time frame that the lock keeps by itself; null: it keeps none. */
  readonly window: Window | null;
  /** Since when the lock has it, ms; null where that is not known. */
  readonly since: number | null;
  /** The fact by which somebody requested the code as it was then. */
  readonly asked: CodeFact;
}

/** From this instant on a code opens the door, or differently, or no longer. */
export interface DoorChange {
  readonly at: number;
  readonly codeId: string;
  /** Null: it does not open it. */
  readonly opener: Opener | null;
  /** What opened before. */
  readonly before: Opener | null;
  /** The fact that changed it; null where a time frame began or ended. */
  readonly because: CodeFact | null;
}

/** Whether one code opened its door at an instant. */
export function openerAt(
  moments: readonly CodeMoment[],
  lock: readonly LockMoment[],
  at: number,
): Opener | null {
  const moment = asOf(moments, ({ fact }) => fact.event.at, at);
  return moment === undefined ? null : openerOf(moment, clockTrusted(lock, at), at);
}

/** Each change of the codes that open a door between two instants, the first excluded, in order. */
export function changesBetween(
  moments: readonly CodeMoment[],
  lock: readonly LockMoment[],
  from: number,
  to: number,
): DoorChange[] {
  const first = moments[0];
  if (!first) return [];
  const changes: DoorChange[] = [];
  let before = openerAt(moments, lock, from);
  for (const at of turningPoints(moments, lock, from, to)) {
    const opener = openerAt(moments, lock, at);
    if (!sameOpener(before, opener)) {
      const moment = asOf(moments, ({ fact }) => fact.event.at, at);
      const because = moment?.fact.event.at === at ? moment.fact : null;
      changes.push({ at, codeId: first.code.codeId, opener, before, because });
    }
    before = opener;
  }
  return changes;
}

function openerOf({ code, leftOnLock, asked }: CodeMoment, trusted: boolean, at: number): Opener | null {
  const opening = openingAt(code, at, { mayBeGone: leftOnLock, clockTrusted: trusted });
  if (!opening) return null;
  const { codeId, wanted, known } = code;
  return { codeId, name: wanted.name, ...opening, since: known.onLock?.since ?? null, asked };
}

/** The moments that matter to codes: a lock that comes and goes has many others. */
export function trustChanges(lock: readonly LockMoment[]): LockMoment[] {
  return lock.filter(({ clockTrusted }, n) => clockTrusted !== (lock[n - 1]?.clockTrusted ?? true));
}

function clockTrusted(lock: readonly LockMoment[], at: number): boolean {
  return asOf(lock, (moment) => moment.at, at)?.clockTrusted ?? true;
}

/**
 * The instants at which it may change: facts, and both ends of every time frame that may have been sent to the lock.
 */
function turningPoints(
  moments: readonly CodeMoment[],
  lock: readonly LockMoment[],
  from: number,
  to: number,
): number[] {
  const instants = new Set<number>(trustChanges(lock).map(({ at }) => at));
  for (const { fact, code } of moments) {
    instants.add(fact.event.at);
    for (const content of contentsOf(code)) {
      const { window } = toldOf(content);
      if (window) instants.add(window.startsAt).add(window.endsAt);
    }
  }
  return [...instants].filter((at) => at > from && at <= to).sort((a, b) => a - b);
}

function sameOpener(a: Opener | null, b: Opener | null): boolean {
  if (!a || !b) return a === b;
  return (
    a.certainty === b.certainty &&
    a.name === b.name &&
    a.window?.startsAt === b.window?.startsAt &&
    a.window?.endsAt === b.window?.endsAt &&
    a.asked.eventId === b.asked.eventId
  );
}
