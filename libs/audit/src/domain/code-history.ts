import { type AccessCode, type CodeEvent, codeFold } from '@latchkey/access-codes';
import type { Actor, Happened } from '@latchkey/event-sourcing';

/** A fact of a code's life with who caused it. */
export interface CodeFact {
  readonly event: Happened<CodeEvent>;
  readonly eventId: string;
  readonly actor: Actor;
  readonly requestId: string;
}

/** What a code had come to with one of its facts. */
export interface CodeMoment {
  readonly fact: CodeFact;
  readonly code: AccessCode;
  /** It was given up with its lock, and may lie there still. */
  readonly leftOnLock: boolean;
  /** The last fact that somebody asked for it by. */
  readonly asked: CodeFact;
}

const ASKED: ReadonlySet<CodeEvent['type']> = new Set([
  'CodeRequested',
  'ChangeRequested',
  'UnmanagedCodeSeen',
  'TakenIntoManagement',
  'BackupAssigned',
  'LetGo',
]);

/** A code's life, moment by moment, from its facts in order. */
export function momentsOf(facts: readonly CodeFact[]): CodeMoment[] {
  const moments: CodeMoment[] = [];
  let code: AccessCode | null = null;
  let leftOnLock = false;
  for (const fact of facts) {
    const { event } = fact;
    const left = event.type === 'Removed' && event.data.leftOnLock === true;
    leftOnLock ||= left;
    // What was on the lock when it was given up is what may lie there still.
    if (!left) code = codeFold.evolve(code, event);
    if (!code) continue;
    const asked = ASKED.has(event.type) ? fact : (moments.at(-1)?.asked ?? fact);
    moments.push({ fact, code, leftOnLock, asked });
  }
  return moments;
}

/**
 * What was the case at an instant: the last of what had happened by then. After a clock was set back, facts that it
 * had dated too late are among what had happened.
 */
export function asOf<T>(moments: readonly T[], at: (moment: T) => number, instant: number): T | undefined {
  return moments.findLast((moment) => at(moment) <= instant);
}
