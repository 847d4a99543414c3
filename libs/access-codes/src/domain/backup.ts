import { Refusal } from '@latchkey/event-sourcing';
import { absent, beingRemoved, type CodeRefusal } from './refused';
import type { AccessCode } from './access-code';
import { storedWindow } from './content';
import type { CodeEvent } from './events';
import { backupOf, endOf, isGone, isUnmanaged, pulledBackupOf, standsInFor } from './life';

/** A backup code that nobody has pulled, and that is to stay. */
export function isSpare(code: AccessCode): boolean {
  return code.life.phase === 'managed' && code.life.backup?.is === 'spare';
}

/** A spare code that opens its door now. */
export function isReady(code: AccessCode): boolean {
  return (
    isSpare(code) &&
    code.known.onLock !== null &&
    code.known.setAt !== null &&
    code.trouble.connectionLostAt === null
  );
}

/**
 * A backup code stands in for another one from now (ms) until that one ends. It is assigned once.
 * @throws {Refusal} where it is assigned already, or is no longer ready
 */
export function assign(
  code: AccessCode | null,
  instead: { readonly codeId: string; readonly endsAt: number },
  now: number,
): CodeEvent[] {
  if (code && standsInFor(code) === instead.codeId && !isGone(code)) return [];
  if (!code || !isReady(code)) {
    throw Refusal.untimely<CodeRefusal>('no-backup-available', 'This backup access code is not available.');
  }
  const schedule = storedWindow({ startsAt: now, endsAt: instead.endsAt })!;
  return [{ type: 'BackupAssigned', data: { forCodeId: instead.codeId, schedule } }];
}

/**
 * When the time of a code that a backup is asked for ends, ms.
 * @throws {Refusal} for a code that is gone or being removed, or that has no end
 */
export function endOfTroubled(code: AccessCode | null, now: number): number {
  if (!code || isUnmanaged(code) || isGone(code)) {
    throw absent();
  }
  if (!code.wanted.schedule) {
    throw Refusal.untimely<CodeRefusal>('not-time-bound', 'Only a time-bound access code can have a backup.');
  }
  if (endOf(code) || code.wanted.schedule.endsAt <= now) {
    throw beingRemoved('The access code is being removed.');
  }
  return code.wanted.schedule.endsAt;
}

/** A backup code was pulled for this one. The first one stays, unless it is known to be gone. */
export function pulled(code: AccessCode | null, backupCodeId: string, gone?: string): CodeEvent[] {
  if (!code || isGone(code) || isUnmanaged(code)) return [];
  const before = pulledBackupOf(code)?.codeId;
  if (before !== undefined && before !== gone) return [];
  return before === backupCodeId ? [] : [{ type: 'BackupPulled', data: { backupCodeId } }];
}

/** It is recorded with the code that it replaces. */
export function handedOver(code: AccessCode | null): CodeEvent[] {
  const backup = code && backupOf(code);
  return backup?.is === 'pulled' && !backup.handedOver ? [{ type: 'BackupHandedOver', data: {} }] : [];
}
