import type { Content, MayTurnUp } from './content';
import type { ExternalField, RemovalCause } from './events';

/** The phases of a code; what only one phase has is only there. */
export type Life = Kept | Ending | Removed;

/** Nothing takes it off its lock: it is ours, or it is left alone. */
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

/** A spare one, or one that stands in for another code, which knows of it or does not yet. */
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

/** What it is, or was before it began to go. */
export function keptOf({ life }: Living): Kept {
  return life.phase === 'ending' || life.phase === 'removed' ? life.before : life;
}

/** How it goes or went; null while it stays. */
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

/** Going or gone as well. */
export function isUnmanaged(code: Living): boolean {
  return keptOf(code).phase === 'unmanaged';
}

/** What it is as a backup code; null for any other. */
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

/** A managed code of which nothing but that is known. */
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

/** Its time is over, or it was deleted; if both, the later cause counts, and the first instant. */
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

/** Gone from its lock, for the cause that it was going for, if it was. */
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

/** The same life, whose code is kept or was kept otherwise. */
export function keptOtherwise(life: Life, otherwise: (kept: Kept) => Kept): Life {
  return life.phase === 'ending' || life.phase === 'removed'
    ? { ...life, before: otherwise(life.before) }
    : otherwise(life);
}

/** The same life with changes to what only a managed code has. */
export function managedOtherwise(life: Life, more: Partial<Omit<Managed, 'phase'>>): Life {
  return keptOtherwise(life, (kept) => (kept.phase === 'managed' ? { ...kept, ...more } : kept));
}
