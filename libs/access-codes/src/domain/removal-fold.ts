import type { Happened } from '@latchkey/event-sourcing';
import type { AccessCode } from './access-code';
import type { CodeEventOf } from './events';
import { FAILURES_TO_TELL, failureOf } from './failure';
import { endOf, ending, removed } from './life';
import { changed, noTrouble, offTheLock, removalInFlight } from './transitions';

export type RemovalEvent = CodeEventOf<
  | 'RemovalStarted'
  | 'RemovalSent'
  | 'RemovalFailed'
  | 'RemovalDelayed'
  | 'WithdrawnFromDevice'
  | 'Removed'
  | 'Forgotten'
>;

/** A code as it comes off its lock, or fails to. */
export function evolveRemoval(code: AccessCode, event: Happened<RemovalEvent>): AccessCode {
  switch (event.type) {
    case 'RemovalStarted':
      return removalStarted(code, event);
    case 'RemovalSent':
      return changed(code, { known: { inFlight: removalInFlight(event) } });
    case 'RemovalFailed':
      return removalFailed(code, event);
    case 'RemovalDelayed':
      return code.life.phase === 'ending'
        ? changed(code, { life: { ...code.life, delayedAt: event.at } })
        : code;
    case 'WithdrawnFromDevice':
      return changed(code, { ...offTheLock, trouble: { ...noTrouble, failedToRemoveAt: null } });
    case 'Removed':
      return changed(code, { ...offTheLock, life: removed(code.life, event.data.cause, event.at) });
    case 'Forgotten':
      return code.life.phase === 'removed'
        ? changed(code, { life: { ...code.life, forgotten: true } })
        : code;
    default: {
      const never: never = event;
      return never;
    }
  }
}

function removalStarted(code: AccessCode, { data, at }: Happened<CodeEventOf<'RemovalStarted'>>): AccessCode {
  const life = ending(code.life, data.cause, at);
  return endOf(code)
    ? changed(code, { life })
    : changed(code, { life, trouble: { failedAttempts: 0, failure: null, failedToRemoveAt: null } });
}

function removalFailed(code: AccessCode, { data, at }: Happened<CodeEventOf<'RemovalFailed'>>): AccessCode {
  const { trouble } = code;
  const failedAttempts = trouble.failedAttempts + (data.kind === 'outage' ? 0 : 1);
  return changed(code, {
    known: { inFlight: null },
    trouble: {
      failedAttempts,
      failure: failureOf('removal', data, at),
      failedToRemoveAt: trouble.failedToRemoveAt ?? (failedAttempts >= FAILURES_TO_TELL ? at : null),
    },
  });
}
