import type { Content, MayTurnUp } from './content';
import type { ExternalField, RemovalCause } from './events';

/** The phases of a code; each has what only it can have. */
export type Life = Kept | Ending | Removed;

/** It stays on its lock: it is managed, or left alone. */
export type Kept = Managed | Unmanaged;

export interface Managed {
  readonly phase: 'managed';
  /** Of a backup code alone. */
  readonly backup: Backup | null;
  /** A backup code that stands in for this one. */
  readonly pulledBackup: { readonly codeId: string; readonly at: number } | null;
  /** A creation whose outcome is unknown; the code may still turn up on the lock. */
  readonly mayTurnUp: MayTurnUp | null;
  /** What changes that were given up as unanswered may still set on the lock, the latest last. */
  readonly lateChanges: readonly Content[];
  /** Somebody else's change that was accepted. */
  readonly externalInEffect: ExternalChange | null;
}

export interface ExternalChange {
  readonly at: number;
  readonly change: 'modified' | 'removed';
  readonly fields: readonly ExternalField[];
}

/** A spare code, or one that stands in for another; `handedOver`: the other one has it recorded. */
export type Backup =
  | { readonly is: 'spare' }
  | { readonly is: 'pulled'; readonly forCodeId: string; readonly handedOver: boolean };

/** Put on the lock by somebody else: followed, and left alone until it is deleted or converted. */
export interface Unmanaged {
  readonly phase: 'unmanaged';
  /** A managed code that kept this one from being converted, because it has the same PIN. */
  readonly conversionRefused: { readonly at: number; readonly byCodeId: string } | null;
}

/** On its way off the lock. */
export interface Ending {
  readonly phase: 'ending';
  readonly cause: RemovalCause;
  readonly since: number;
  /** When removing it began to take longer than usual. */
  readonly delayedAt: number | null;
  readonly before: Kept;
}

export interface Removed {
  readonly phase: 'removed';
  readonly cause: RemovalCause;
  readonly at: number;
  /** One that had come to its end, and stayed readable, was deleted. */
  readonly forgotten: boolean;
  readonly before: Kept;
}

interface Living {
  readonly life: Life;
}

/** What it is, or was before its removal began. */
export function keptOf({ life }: Living): Kept {
  return life.phase === 'ending' || life.phase === 'removed' ? life.before : life;
}

/** Its removal, begun or done; null while it stays. */
export function endOf({ life }: Living): Ending | Removed | null {
  return life.phase === 'ending' || life.phase === 'removed' ? life : null;
}

export function isGone({ life }: Living): boolean {
  return life.phase === 'removed';
}

/** Gone, and no longer readable either. */
export function isForgotten({ life }: Living): boolean {
  return life.phase === 'removed' && life.forgotten;
}

/** Also for a code that is being removed or is gone. */
export function isUnmanaged(code: Living): boolean {
  return keptOf(code).phase === 'unmanaged';
}

/** Its state as a backup code; null for any other code. */
export function backupOf(code: Living): Backup | null {
  const kept = keptOf(code);
  return kept.phase === 'managed' ? kept.backup : null;
}

/** Of a backup code that was pulled: the code that it stands in for. */
export function standsInFor(code: Living): string | null {
  const backup = backupOf(code);
  return backup?.is === 'pulled' ? backup.forCodeId : null;
}

/** The backup code that stands in for it. */
export function pulledBackupOf(code: Living): Managed['pulledBackup'] {
  const kept = keptOf(code);
  return kept.phase === 'managed' ? kept.pulledBackup : null;
}

export function mayTurnUpOf(code: Living): MayTurnUp | null {
  const kept = keptOf(code);
  return kept.phase === 'managed' ? kept.mayTurnUp : null;
}

export function lateChangesOf(code: Living): readonly Content[] {
  const kept = keptOf(code);
  return kept.phase === 'managed' ? kept.lateChanges : [];
}

export function externalInEffectOf(code: Living): ExternalChange | null {
  const kept = keptOf(code);
  return kept.phase === 'managed' ? kept.externalInEffect : null;
}

/** A managed code at its beginning. */
export function managed(backup: Backup | null): Managed {
  return {
    phase: 'managed',
    backup,
    pulledBackup: null,
    mayTurnUp: null,
    lateChanges: [],
    externalInEffect: null,
  };
}

/** It expired or was deleted; if both, the later cause counts, and the earlier instant. */
export function ending(life: Life, cause: RemovalCause, since: number): Life {
  switch (life.phase) {
    case 'managed':
    case 'unmanaged':
      return { phase: 'ending', cause, since, delayedAt: null, before: life };
    case 'ending':
    case 'removed':
      return { ...life, cause };
    default: {
      const never: never = life;
      return never;
    }
  }
}

/** Gone from its lock; where its removal had begun, for the cause of that. */
export function removed(life: Life, cause: RemovalCause, at: number): Life {
  switch (life.phase) {
    case 'managed':
    case 'unmanaged':
      return { phase: 'removed', cause, at, forgotten: false, before: life };
    case 'ending':
      return { phase: 'removed', cause: life.cause, at, forgotten: false, before: life.before };
    case 'removed':
      return { ...life, at };
    default: {
      const never: never = life;
      return never;
    }
  }
}

/** The same life with another `Kept`, present or past. */
export function keptOtherwise(life: Life, otherwise: (kept: Kept) => Kept): Life {
  return life.phase === 'ending' || life.phase === 'removed'
    ? { ...life, before: otherwise(life.before) }
    : otherwise(life);
}

/** The same life with changes to what only a managed code has. */
export function managedOtherwise(life: Life, more: Partial<Omit<Managed, 'phase'>>): Life {
  return keptOtherwise(life, (kept) => (kept.phase === 'managed' ? { ...kept, ...more } : kept));
}
