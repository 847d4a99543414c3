import type { AccessCode, InFlight } from './access-code';
import { type Content, sameWindow, storedContent, toldOf } from './content';
import { confirmed, erased, failed, gone, removed } from './decisions';
import type { CodeEvent, CodeEventOf, ExternalField } from './events';
import { entryWith, holds, type Listed, looksLike, type ReadBack, sameName, type Verdict } from './listing';
import { inFlightOf } from './transitions';
import { reconcileUnmanaged } from './unmanaged';
import { endOf, lateChangesOf, mayTurnUpOf } from './life';

/** What a read-back shows of a code: of the command under way, or of what the lock is known to hold. */
export function reconcile(code: AccessCode, readBack: ReadBack): Verdict {
  if (code.life.phase === 'unmanaged') return reconcileUnmanaged(code, readBack);
  const restored: CodeEvent[] =
    code.trouble.connectionLostAt === null ? [] : [{ type: 'ConnectionRestored', data: {} }];
  const verdict = code.known.inFlight ? ofCommand(code, readBack) : ofRest(code, readBack);
  if (verdict === 'later') return restored.length > 0 ? restored : verdict;
  return [...restored, ...verdict];
}

function ofCommand(code: AccessCode, readBack: ReadBack): Verdict {
  const inFlight = code.known.inFlight!;
  const late = readBack.now >= inFlight.deadline;
  const notDone = (): Verdict =>
    late
      ? failed(code, inFlight.commandId, {
          errorCode: 'NO_ANSWER',
          message: 'the lock did not confirm it in time',
          retryAt: readBack.retryAt,
        })
      : 'later';

  const entry = entryOf(code, readBack, inFlight.lockCodeId, inFlight.content);
  if (inFlight.content === null) return entry ? notDone() : gone(code, inFlight);
  if (!entry) {
    // Of a change: somebody else has erased the code meanwhile.
    if (inFlight.operation === 'change') return erased(code);
    return notDone();
  }
  if (entry.status === 'pending') return 'later';
  if (!isStillToBeRenamed(code, entry, inFlight) && holds(code, entry, inFlight.content))
    return confirmed(code, inFlight, entry, readBack.now);
  if (inFlight.operation === 'create') {
    if (looksLike(entry, inFlight.content))
      return turnedUp(code, 'create', inFlight.content, entry, readBack.now);
    // It is ours by its id, and somebody has changed it since.
    return [
      ...confirmed(code, inFlight, entry, readBack.now),
      ...externallyModified(code, entry, inFlight.content),
    ];
  }
  return notDone();
}

function ofRest(code: AccessCode, readBack: ReadBack): Verdict {
  const end = endOf(code);
  if (code.known.onLock) {
    const entry = entryWith(code.known.onLock.lockCodeId, readBack);
    if (!entry) return end ? [removed(code, end.cause)] : erased(code);
    if (entry.status === 'pending') return 'later';
    if (end || holds(code, entry, code.known.onLock)) return [];
    const late = lateChangesOf(code).find((content) => holds(code, entry, content));
    if (late) return turnedUp(code, 'change', late, entry, readBack.now);
    return externallyModified(code, entry, code.known.onLock);
  }
  const mayTurnUp = mayTurnUpOf(code);
  if (mayTurnUp) {
    const { slot } = mayTurnUp;
    const at = slot === undefined ? null : String(slot);
    const entry = entryOf(code, readBack, at, mayTurnUp);
    if (entry && entry.status === 'active') return turnedUp(code, 'create', mayTurnUp, entry, readBack.now);
    if (end) return entry ? 'later' : [removed(code, end.cause)];
  }
  return [];
}

/** What had been given up as unanswered was done after all. */
function turnedUp(
  code: AccessCode,
  operation: 'create' | 'change',
  content: Content,
  entry: Listed,
  now: number,
): CodeEvent[] {
  const started: CodeEventOf<'ProgrammingStarted'> = {
    type: 'ProgrammingStarted',
    data: {
      commandId: `found-${entry.lockCodeId}`,
      operation,
      lockCodeId: entry.lockCodeId,
      content: storedContent(operation === 'create' ? asFound(content, entry) : content),
      attempt: code.trouble.failedAttempts + 1,
      deadline: new Date(now).toISOString(),
    },
  };
  const inFlight = inFlightOf(started, now);
  return [started, ...confirmed(code, inFlight, entry, now)];
}

/** A creation that was sent to the lock more than once may have been done with what was sent first. */
function asFound(content: Content, { window }: Listed): Content {
  const told = toldOf(content);
  return sameWindow(told.window, window) ? content : { ...content, told: { name: told.name, window } };
}

/** What differs on the lock from what was sent, somebody else has changed; the rest is as it is known. */
function externallyModified(code: AccessCode, entry: Listed, known: Content): CodeEvent[] {
  const told = toldOf(known);
  const fields: ExternalField[] = [];
  if (!sameName(code, entry, known)) fields.push('name');
  if (entry.pinFingerprint !== known.pinFingerprint) fields.push('code');
  if (!sameWindow(entry.window, told.window)) fields.push('time_frame');
  if (fields.length === 0) return [];
  const pin = entry.pinFingerprint === known.pinFingerprint ? known.pin : entry.pin;
  const [renamed, moved] = [fields.includes('name'), fields.includes('time_frame')];
  const stillTold = known.told && {
    name: renamed ? entry.name : told.name,
    window: moved ? entry.window : told.window,
  };
  return [
    {
      type: 'ModifiedExternally',
      data: {
        fields,
        content: storedContent({
          name: renamed ? entry.name : known.name,
          // Nobody needs the foreign PIN of a code that will be set back.
          pin: pin ?? known.pin,
          pinFingerprint: entry.pinFingerprint,
          window: moved ? entry.window : known.window,
          ...(stillTold ? { told: stillTold } : {}),
        }),
        accepted: code.wanted.externalModificationAllowed && pin !== undefined,
      },
    },
  ];
}

/** By its id where that is known; else by all of its content, unless the entry belongs to another code. */
function entryOf(
  code: AccessCode,
  readBack: ReadBack,
  lockCodeId: string | null,
  content: Content | null,
): Listed | undefined {
  const id = lockCodeId ?? code.known.onLock?.lockCodeId;
  if (id) return entryWith(id, readBack);
  if (!content) return undefined;
  return readBack.listed.find((listed) => looksLike(listed, content) && !readBack.claimed(listed.lockCodeId));
}

/**
 * A name that is the beginning of the one sent to the lock may be the previous one, which the lock still has. On a lock
 * that cuts names both may look the same: at a second attempt it is taken for the new one.
 */
function isStillToBeRenamed(
  { known: { onLock } }: AccessCode,
  { name: read }: Listed,
  inFlight: InFlight,
): boolean {
  if (inFlight.operation !== 'change' || inFlight.attempt > 1 || !onLock || !inFlight.content) return false;
  const [before, after] = [toldOf(onLock).name, toldOf(inFlight.content).name];
  return before !== after && read === before;
}
