import type { Happened } from '@latchkey/event-sourcing';
import { type AccessCode, contentOf, type OnLock } from './access-code';
import type { CodeEvent, CodeEventOf, StoredContent } from './events';
import { noTrouble, offTheLock, requested } from './transitions';

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
  return { ...code, unmanaged: true, onLock, everOnLock: true, setAt: at };
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
      return code.onLock ? asOnLock(code, holding(code.onLock, event.data.content)) : code;
    case 'UnmanagedCodeGone':
      return { ...offTheLock(code), removedAt: at, ending: code.ending ?? { cause: 'deleted', at } };
    case 'TakenIntoManagement':
      return {
        ...code,
        ...noTrouble,
        unmanaged: false,
        conversionRefused: null,
        externalModificationAllowed: event.data.externalModificationAllowed,
        preferNativeScheduling: true,
        wantedAt: at,
        // A lock that keeps the window by itself opens from its start on.
        setAt: code.schedule && code.schedule.startsAt > at ? null : at,
      };
    case 'ConversionRefused':
      return { ...code, conversionRefused: { at, byCodeId: event.data.byCodeId } };
    case 'LetGo':
      return code.onLock
        ? {
            ...asOnLock(code, code.onLock),
            ...noTrouble,
            ...nothingAsked,
            unmanaged: true,
            externalInEffect: null,
            lateChanges: [],
            mayTurnUp: null,
            connectionLostAt: null,
            setAt: code.setAt ?? at,
          }
        : code;
  }
}

/** What only a code of ours is: taken into management again, it is a code like any other that was found on a lock. */
const nothingAsked = {
  commonCodeKey: null,
  isOneTimeUse: false,
  usesBackupPool: false,
  isBackup: false,
  backupOf: null,
  handedOver: false,
  pulledBackup: null,
} as const;

/** Nothing is wanted of it but what the lock holds. */
function asOnLock(code: AccessCode, onLock: OnLock): AccessCode {
  const { name, pin, pinFingerprint, window: schedule } = onLock;
  return { ...code, onLock, name, pin, pinFingerprint, schedule, conversionRefused: null };
}

function holding({ lockCodeId, since }: OnLock, content: StoredContent): OnLock {
  return { ...contentOf(content), lockCodeId, since };
}
