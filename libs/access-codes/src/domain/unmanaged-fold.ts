import type { Happened } from '@latchkey/event-sourcing';
import type { AccessCode } from './access-code';
import { contentOf, type OnLock } from './content';
import type { CodeEvent, CodeEventOf, StoredContent } from './events';
import { keptOtherwise, managed, removed, type Unmanaged } from './life';
import { changed, noTrouble, offTheLock, requested } from './transitions';

/** A code that was found on its lock and not created here. */
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
  return changed(code, { known: { onLock, everOnLock: true, setAt: at }, life: UNMANAGED });
}

/** Unmanaged codes, as they change, and as they become managed or unmanaged. */
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
      return changed(code, { ...offTheLock, life: removed(code.life, 'deleted', at) });
    case 'TakenIntoManagement':
      return changed(code, {
        wanted: {
          externalModificationAllowed: event.data.externalModificationAllowed,
          preferNativeScheduling: true,
          at,
        },
        // A lock that keeps the window by itself opens from its start on.
        known: { setAt: code.wanted.schedule && code.wanted.schedule.startsAt > at ? null : at },
        trouble: noTrouble,
        life: keptOtherwise(code.life, (kept) => (kept.phase === 'unmanaged' ? managed(null) : kept)),
      });
    case 'ConversionRefused':
      return conversionRefused(code, { at, byCodeId: event.data.byCodeId });
    case 'LetGo':
      return code.known.onLock ? letGo(code, code.known.onLock, at) : code;
  }
}

/** Taken into management again, it is a code like any other that was found on a lock. */
function letGo(code: AccessCode, onLock: OnLock, at: number): AccessCode {
  return changed(asOnLock(code, onLock), {
    wanted: { commonCodeKey: null, isOneTimeUse: false, usesBackupPool: false },
    known: { setAt: code.known.setAt ?? at },
    trouble: { ...noTrouble, connectionLostAt: null },
    life: keptOtherwise(code.life, () => UNMANAGED),
  });
}

/** Nothing is wanted of it but what the lock holds. */
function asOnLock(code: AccessCode, onLock: OnLock): AccessCode {
  const { name, pin, pinFingerprint, window: schedule } = onLock;
  const there = changed(code, { wanted: { name, pin, pinFingerprint, schedule }, known: { onLock } });
  return conversionRefused(there, null);
}

function conversionRefused(code: AccessCode, refused: Unmanaged['conversionRefused']): AccessCode {
  const life = keptOtherwise(code.life, (kept) =>
    kept.phase === 'unmanaged' ? { ...kept, conversionRefused: refused } : kept,
  );
  return changed(code, { life });
}

const UNMANAGED: Unmanaged = { phase: 'unmanaged', conversionRefused: null };

function holding({ lockCodeId, since }: OnLock, content: StoredContent): OnLock {
  return { ...contentOf(content), lockCodeId, since };
}
