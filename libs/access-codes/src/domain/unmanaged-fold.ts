import type { Happened } from '@latchkey/event-sourcing';
import { type AccessCode, contentOf, type OnLock } from './access-code';
import type { CodeEvent, CodeEventOf, StoredContent } from './events';
import { changed, noTrouble, offTheLock, requested } from './transitions';

/** A code that is on its lock, and nobody asked for it. */
export function unmanagedSeen({ data, at }: Happened<CodeEventOf<'UnmanagedCodeSeen'>>): AccessCode {
  const { lockCodeId, content, ...whose } = data;
  const { window, ...said } = content;
  const code = requested(
    {
      ...whose,
      ...said,
      schedule: window,
      preferNativeScheduling: true,
      externalModificationAllowed: false,
      commonCodeKey: null,
      isOneTimeUse: false,
      usesBackupPool: false,
      isBackup: false,
    },
    at,
  );
  const onLock = { ...contentOf(content), lockCodeId, since: at };
  return { ...changed(code, { known: { onLock, everOnLock: true, setAt: at } }), unmanaged: true };
}

/** Codes that nobody asked for, as they change, and as they become ours or cease to be. */
export function evolveUnmanaged(
  code: AccessCode,
  event: Happened<
    Extract<
      CodeEvent,
      {
        type:
          | 'UnmanagedCodeChanged'
          | 'UnmanagedCodeGone'
          | 'TakenIntoManagement'
          | 'ConversionRefused'
          | 'LetGo';
      }
    >
  >,
): AccessCode {
  const { at } = event;
  switch (event.type) {
    case 'UnmanagedCodeChanged':
      return code.known.onLock ? asOnLock(code, holding(code.known.onLock, event.data.content)) : code;
    case 'UnmanagedCodeGone':
      return {
        ...changed(code, { known: offTheLock }),
        removedAt: at,
        ending: code.ending ?? { cause: 'deleted', at },
      };
    case 'TakenIntoManagement':
      return {
        ...changed(code, {
          wanted: {
            externalModificationAllowed: event.data.externalModificationAllowed,
            preferNativeScheduling: true,
            at,
          },
          // A lock that keeps the window by itself opens from its start on.
          known: { setAt: code.wanted.schedule && code.wanted.schedule.startsAt > at ? null : at },
          trouble: noTrouble,
        }),
        unmanaged: false,
        conversionRefused: null,
      };
    case 'ConversionRefused':
      return { ...code, conversionRefused: { at, byCodeId: event.data.byCodeId } };
    case 'LetGo':
      return code.known.onLock ? letGo(code, code.known.onLock, at) : code;
  }
}

/** Taken into management again, it is a code like any other that was found on a lock. */
function letGo(code: AccessCode, onLock: OnLock, at: number): AccessCode {
  return {
    ...changed(asOnLock(code, onLock), {
      wanted: { commonCodeKey: null, isOneTimeUse: false, usesBackupPool: false },
      known: { externalInEffect: null, lateChanges: [], mayTurnUp: null, setAt: code.known.setAt ?? at },
      trouble: { ...noTrouble, connectionLostAt: null },
    }),
    isBackup: false,
    backupOf: null,
    handedOver: false,
    pulledBackup: null,
    unmanaged: true,
  };
}

/** Nothing is wanted of it but what the lock holds. */
function asOnLock(code: AccessCode, onLock: OnLock): AccessCode {
  const { name, pin, pinFingerprint, window: schedule } = onLock;
  return {
    ...changed(code, { wanted: { name, pin, pinFingerprint, schedule }, known: { onLock } }),
    conversionRefused: null,
  };
}

function holding({ lockCodeId, since }: OnLock, content: StoredContent): OnLock {
  return { ...contentOf(content), lockCodeId, since };
}
