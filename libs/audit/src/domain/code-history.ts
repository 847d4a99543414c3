import { type AccessCode, type CodeEvent, codeFold } from '@latchkey/access-codes';
import type { Actor, Happened } from '@latchkey/event-sourcing';

/** A fact of a code's life with who caused it. */
export interface CodeFact {
  readonly event: Happened<CodeEvent>;
  readonly eventId: string;
  readonly actor: Actor;
  readonly requestId: string;
}

/** The state of a code after one of its facts. */
export interface CodeMoment {
  readonly fact: CodeFact;
  readonly code: AccessCode;
  /** It was given up with its lock, and may still be there. */
  readonly leftOnLock: boolean;
  /** The last fact by which somebody requested it. */
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
    // What was on the lock when the code was given up may still be there.
    if (!left) code = codeFold.evolve(code, event);
    if (!code) continue;
    const asked = ASKED.has(event.type) ? fact : (moments.at(-1)?.asked ?? fact);
    moments.push({ fact, code, leftOnLock, asked });
  }
  return moments;
}

/**
 * The last moment by an instant. After a clock was set back, facts that it had dated too late count as having happened.
 */
export function asOf<T>(moments: readonly T[], at: (moment: T) => number, instant: number): T | undefined {
  return moments.findLast((moment) => at(moment) <= instant);
}
