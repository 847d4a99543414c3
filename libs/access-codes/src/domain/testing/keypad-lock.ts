import { type Content, toldOf, type Window } from '../content';
import type { Listed } from '../listing';

interface Entry extends Listed {
  /** What the lock will hold once it has carried out its order; null: nothing. */
  readonly next: {
    readonly operation: 'created' | 'updated' | 'deleted';
    readonly content: Entry | null;
  } | null;
}

export interface LockOutcome {
  readonly operation: 'created' | 'updated' | 'deleted';
  readonly lockCodeId: string;
  readonly success: boolean;
  readonly errorCode: string | null;
}

/** A lock as its maker shows it: takes orders at once, carries them out later, and refuses a PIN that it holds. */
export class KeypadLock {
  private entries: Entry[] = [];
  private drawn = 0;

  /** @returns the code's id on the lock, or why it does not take it */
  create(content: Content): string | { refused: string } {
    if (this.holds(content.pinFingerprint, null)) return { refused: 'PIN_CONFLICT' };
    const lockCodeId = `lock-code-${++this.drawn}`;
    const entry: Entry = { ...listed(lockCodeId, content), status: 'pending', next: null };
    this.entries.push({ ...entry, next: { operation: 'created', content: { ...entry, status: 'active' } } });
    return lockCodeId;
  }

  change(lockCodeId: string, content: Content): string | { refused: string } {
    if (!this.entry(lockCodeId)) return { refused: 'NOT_FOUND' };
    if (this.holds(content.pinFingerprint, lockCodeId)) return { refused: 'PIN_CONFLICT' };
    this.await(lockCodeId, 'updated', { ...listed(lockCodeId, content), status: 'active', next: null });
    return lockCodeId;
  }

  remove(lockCodeId: string): string | { refused: string } {
    if (!this.entry(lockCodeId)) return { refused: 'NOT_FOUND' };
    this.await(lockCodeId, 'deleted', null);
    return lockCodeId;
  }

  /** Carries out, or fails at, everything that it took. */
  work(succeeds: boolean): LockOutcome[] {
    const outcomes: LockOutcome[] = [];
    this.entries = this.entries.flatMap((entry) => {
      if (!entry.next) return [entry];
      const { operation, content } = entry.next;
      const { lockCodeId } = entry;
      outcomes.push({ operation, lockCodeId, success: succeeds, errorCode: succeeds ? null : 'LOCK_JAMMED' });
      if (succeeds) return content ? [content] : [];
      return operation === 'created' ? [] : [{ ...entry, next: null }];
    });
    return outcomes;
  }

  /** Somebody else renames a code, gives it another PIN or takes it off. */
  meddle(lockCodeId: string, how: 'rename' | 'erase' | 'new-pin'): void {
    const victim = this.entry(lockCodeId);
    if (!victim || victim.status !== 'active' || victim.next) return;
    this.entries = this.entries.flatMap((entry) => {
      if (entry !== victim) return [entry];
      if (how === 'erase') return [];
      if (how === 'rename') return [{ ...entry, name: 'Mallory' }];
      return [{ ...entry, pinFingerprint: `foreign-${lockCodeId}` }];
    });
  }

  read(): readonly Listed[] {
    return this.entries;
  }

  /** Whether this PIN opens at an instant. */
  opens(pinFingerprint: string, now: number): boolean {
    return this.entries.some(
      (entry) =>
        entry.status === 'active' && entry.pinFingerprint === pinFingerprint && within(entry.window, now),
    );
  }

  private entry(lockCodeId: string): Entry | undefined {
    return this.entries.find((entry) => entry.lockCodeId === lockCodeId);
  }

  private await(lockCodeId: string, operation: 'updated' | 'deleted', content: Entry | null): void {
    this.entries = this.entries.map((entry) =>
      entry.lockCodeId === lockCodeId ? { ...entry, next: { operation, content } } : entry,
    );
  }

  private holds(pinFingerprint: string, self: string | null): boolean {
    return this.entries.some(
      (entry) =>
        entry.lockCodeId !== self &&
        (entry.pinFingerprint === pinFingerprint || entry.next?.content?.pinFingerprint === pinFingerprint),
    );
  }
}

function listed(lockCodeId: string, content: Content): Omit<Listed, 'status'> {
  return { lockCodeId, pinFingerprint: content.pinFingerprint, ...toldOf(content) };
}

export function within(window: Window | null, now: number): boolean {
  return window === null || (now >= window.startsAt && now < window.endsAt);
}
