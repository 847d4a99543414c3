import type { Happened } from '@latchkey/event-sourcing';
import type { AccessCode, InFlight, Known } from './access-code';
import { type Content, sameContent, sameWindow, toldOf } from './content';
import type { CodeEventOf } from './events';
import { FAILURES_TO_TELL, failureOf } from './failure';
import { lateChangesOf, mayTurnUpOf } from './life';
import { nameRefused } from './refusals';
import { changed, inFlightOf, noTrouble } from './transitions';

/** How many changes of one code may be on their way to a silent lock. */
const LATE_CHANGES = 8;

export type ProgrammingEvent = CodeEventOf<
  | 'ProgrammingStarted'
  | 'ProgrammingAccepted'
  | 'CommandUnanswered'
  | 'ProgrammingFailed'
  | 'ScheduledOnDevice'
  | 'SetOnDevice'
  | 'ChangedOnDevice'
  | 'SettingDelayed'
  | 'StartMissed'
>;

/** A code as it comes onto its lock, or fails to. */
export function evolveProgramming(code: AccessCode, event: Happened<ProgrammingEvent>): AccessCode {
  switch (event.type) {
    case 'ProgrammingStarted':
      return changed(code, { known: { inFlight: inFlightOf(event, event.at) } });
    case 'ProgrammingAccepted':
      return whileInFlight(code, event.data.commandId, (inFlight) => ({
        ...inFlight,
        lockCodeId: event.data.lockCodeId,
        unansweredAt: null,
      }));
    case 'CommandUnanswered':
      return whileInFlight(code, event.data.commandId, (inFlight) => ({
        ...inFlight,
        unansweredAt: event.at,
      }));
    case 'ProgrammingFailed':
      return programmingFailed(code, event);
    case 'ScheduledOnDevice':
      return confirmed(code, event.data, event.at);
    case 'SetOnDevice': {
      const there = event.data.commandId === null ? code : confirmed(code, event.data, event.at);
      return changed(there, { known: { setAt: event.at } });
    }
    case 'ChangedOnDevice': {
      const { onLock, inFlight } = code.known;
      const lockCodeId = onLock?.lockCodeId ?? inFlight?.lockCodeId ?? '';
      return confirmed(code, { ...event.data, lockCodeId }, event.at);
    }
    case 'SettingDelayed':
      return changed(code, { trouble: { settingDelayedAt: event.at } });
    case 'StartMissed':
      return changed(code, {
        trouble: { startMissedAt: event.at, failedToSetAt: code.trouble.failedToSetAt ?? event.at },
      });
    default: {
      const never: never = event;
      return never;
    }
  }
}

function whileInFlight(
  code: AccessCode,
  commandId: string,
  then: (inFlight: InFlight) => InFlight,
): AccessCode {
  const { inFlight } = code.known;
  return inFlight?.commandId === commandId ? changed(code, { known: { inFlight: then(inFlight) } }) : code;
}

function confirmed(
  code: AccessCode,
  { lockCodeId, masked }: { readonly lockCodeId: string; readonly masked?: true | undefined },
  at: number,
): AccessCode {
  const { inFlight, onLock, setAt } = code.known;
  const content = inFlight?.content;
  if (!content) return code;
  const { window } = toldOf(content);
  return changed(code, {
    known: {
      onLock: { ...content, lockCodeId, since: onLock?.since ?? at, ...(masked ? { masked } : {}) },
      everOnLock: true,
      inFlight: null,
      // A lock that keeps the window by itself opens from its start on, whatever it did before.
      setAt: window && window.startsAt > at ? null : setAt,
    },
    trouble: noTrouble,
    managed: { mayTurnUp: null, lateChanges: [] },
  });
}

function programmingFailed(
  code: AccessCode,
  { data, at }: Happened<CodeEventOf<'ProgrammingFailed'>>,
): AccessCode {
  const { known, trouble } = code;
  const failedAttempts = trouble.failedAttempts + (data.kind === 'outage' ? 0 : 1);
  const tell = data.kind === 'permanent' || failedAttempts >= FAILURES_TO_TELL;
  const content = data.errorCode === 'NO_ANSWER' ? (known.inFlight?.content ?? null) : null;
  const created = known.inFlight?.operation === 'create';
  const slot = known.inFlight?.slot;
  return changed(code, {
    known: { inFlight: null, ...nameAfter(known, data.errorCode) },
    managed: {
      mayTurnUp:
        content && created
          ? { ...content, givenUpAt: at, ...(slot === undefined ? {} : { slot }) }
          : mayTurnUpOf(code),
      lateChanges: content && !created ? withLate(lateChangesOf(code), content) : lateChangesOf(code),
    },
    trouble: {
      failedAttempts,
      failure: failureOf('programming', data, at),
      failedToSetAt: trouble.failedToSetAt ?? (tell ? at : null),
    },
  });
}

/**
 * Which name the lock is given from now on. A distinct name that was refused as taken as well has been cut off by the
 * lock.
 */
function nameAfter(
  { distinctName }: Known,
  errorCode: string,
): Partial<Pick<Known, 'plainName' | 'distinctName'>> {
  const refused = nameRefused(errorCode);
  if (refused === null) return {};
  if (refused === 'not-taken-as-it-is') return { plainName: true };
  return distinctName ? { plainName: true } : { distinctName: true };
}

function withLate(lateChanges: readonly Content[], content: Content): Content[] {
  return [...lateChanges.filter((late) => !sameOnLock(late, content)), content].slice(-LATE_CHANGES);
}

function sameOnLock(a: Content, b: Content): boolean {
  const [one, other] = [toldOf(a), toldOf(b)];
  return sameContent(a, b) && one.name === other.name && sameWindow(one.window, other.window);
}
