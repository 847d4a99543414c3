import type { Content, OnLock, Window } from './content';
import type { FailureKind, SealedPin } from './events';
import { type ExternalChange, lateChangesOf, type Life, mayTurnUpOf } from './life';

/** The one command that is under way for a code. */
export interface InFlight {
  readonly commandId: string;
  readonly operation: 'create' | 'change' | 'removal' | 'withdrawal';
  readonly lockCodeId: string | null;
  /** Of a creation: the place on the lock that it is for, where the lock has numbered ones. */
  readonly slot?: number;
  /** What it is to leave on the lock; null for a removal. */
  readonly content: Content | null;
  readonly attempt: number;
  readonly sentAt: number;
  readonly deadline: number;
  /** When it turned out that no answer came; null while one may still come. */
  readonly unansweredAt: number | null;
}

export interface Failure {
  readonly of: 'programming' | 'removal';
  readonly at: number;
  readonly errorCode: string;
  /** Null where it was erased. */
  readonly message: string | null;
  readonly kind: FailureKind;
  readonly retryAt: number | null;
}

/** What is asked for. */
export interface Wanted {
  readonly name: string | null;
  readonly pin: SealedPin;
  readonly pinFingerprint: string;
  /** Null: ongoing. */
  readonly schedule: Window | null;
  readonly preferNativeScheduling: boolean;
  readonly externalModificationAllowed: boolean;
  readonly commonCodeKey: string | null;
  readonly isOneTimeUse: boolean;
  readonly usesBackupPool: boolean;
  /** When it was last requested. */
  readonly at: number;
}

/** What is known of the lock, and of what may still change on it. */
export interface Known {
  readonly onLock: OnLock | null;
  readonly everOnLock: boolean;
  readonly inFlight: InFlight | null;
  /** Since when it opens the door. */
  readonly setAt: number | null;
  /** The lock has refused the name, so that it gets a plainer one. */
  readonly plainName: boolean;
  /** Another code on the lock has the name, so that the lock gets a longer one. */
  readonly distinctName: boolean;
  /** How the lock seems to alter the name that it was sent: it is not set back again and again. */
  readonly alteredName: { readonly told: string | null; readonly read: string | null } | null;
}

/** What is wrong with a code; all of it null and 0 while all is well. */
export interface Trouble {
  /** Attempts that failed in a row, outages of the maker not counted. */
  readonly failedAttempts: number;
  readonly failure: Failure | null;
  readonly settingDelayedAt: number | null;
  readonly startMissedAt: number | null;
  /** Since when it counts as failed, and not only as late. */
  readonly failedToSetAt: number | null;
  readonly failedToRemoveAt: number | null;
  /** Somebody else's change that will be set back. */
  readonly externalConflict: ExternalChange | null;
  readonly connectionLostAt: number | null;
}

export interface AccessCode {
  readonly codeId: string;
  readonly workspaceId: string;
  readonly deviceId: string;
  readonly accountId: string;
  readonly requestedAt: number;
  readonly wanted: Wanted;
  readonly known: Known;
  readonly trouble: Trouble;
  readonly life: Life;
  /** Set once what it was called is to be erased, or was; it has no names then. */
  readonly erasure?: 'begun' | 'completed';
}

/** All that its lock may hold of a code: what it does hold, what is under way, and what was given up as unanswered. */
export function contentsOf(code: AccessCode): Content[] {
  const { onLock, inFlight } = code.known;
  const contents = [onLock, inFlight?.content, mayTurnUpOf(code), ...lateChangesOf(code)];
  return contents.filter((content) => content != null);
}
