import type { Codes } from './codes';
import { Refusal, invalidRequest } from './errors';
import { keptName } from './kept-name';
import type { Code, CodeContent, Lock } from './model';
import { brokenRule, hasConstraint } from './pin-rules';
import { isOnStep } from './time-steps';

/** Whose codes a new content has to get along with: those on the lock, or also those on their way to it. */
type Rivals = 'on the lock' | 'on the lock or on the way';

const sameFirstFour = (a: string, b: string) => a.slice(0, 4) === b.slice(0, 4);

/** Decides whether a lock takes a code: a Refusal is thrown if not. */
export class Admission {
  constructor(private readonly codes: Codes) {}

  /** A new code on the lock. */
  admitNew(lock: Lock, content: CodeContent, rivals: Rivals, now: number): void {
    this.admitContent(lock, content, now);
    this.admitBesideOthers(lock, content, null, rivals);
    const { all, active } = this.codes.count(lock.lock_id);
    if ((rivals === 'on the lock' ? active : all) >= lock.abilities.max_active_codes) {
      throw new Refusal(409, 'LOCK_FULL', `The lock has room for ${lock.abilities.max_active_codes} codes.`);
    }
  }

  /** Another content for a code that the lock has, or is about to have. */
  admitChange(
    lock: Lock,
    code: Code,
    before: CodeContent,
    after: CodeContent,
    rivals: Rivals,
    now: number,
  ): void {
    // A code that has begun may be renamed: a rule about starts looks only at a start that changes.
    const startChanges = before.starts_at !== after.starts_at;
    this.admitContent(lock, after, startChanges ? now : -Infinity);
    this.admitBesideOthers(lock, after, code.access_code_id, rivals);
  }

  private admitContent(lock: Lock, content: CodeContent, now: number): void {
    const { starts_at, ends_at } = content;
    if (starts_at !== null && ends_at !== null && starts_at >= ends_at) {
      throw invalidRequest('ends_at: The end must come after the start.');
    }
    const scheduled = starts_at !== null || ends_at !== null;
    if (scheduled && !lock.abilities.native_scheduling) {
      throw new Refusal(422, 'SCHEDULE_NOT_SUPPORTED', 'This lock cannot keep starting and ending times.');
    }
    for (const at of [starts_at, ends_at]) {
      if (at !== null && !isOnStep(lock.abilities, at)) {
        throw new Refusal(
          422,
          'SCHEDULE_NOT_SUPPORTED',
          `This lock keeps times in steps of ${lock.abilities.time_step_minutes} minutes.`,
        );
      }
    }
    const broken = brokenRule(lock.abilities, content, now);
    if (broken !== null) throw new Refusal(422, 'INVALID_PIN', broken);
  }

  private admitBesideOthers(lock: Lock, content: CodeContent, self: string | null, rivals: Rivals): void {
    const isRival = (other: Code) =>
      other.access_code_id !== self && (rivals === 'on the lock or on the way' || other.status === 'active');
    const contents = (other: Code): CodeContent[] =>
      rivals === 'on the lock' || other.planned === null ? [other] : [other, other.planned];
    const clashes = (clash: (theirs: CodeContent) => boolean, others: readonly Code[]) =>
      others.some((other) => isRival(other) && contents(other).some(clash));

    const samePin = this.codes.withPin(lock.lock_id, content.code);
    if (clashes((theirs) => theirs.code === content.code, samePin)) {
      throw new Refusal(409, 'PIN_CONFLICT', 'Another code on this lock has this PIN.');
    }
    const firstFour = hasConstraint(lock.abilities, 'unique_first_four_digits');
    const uniqueName = hasConstraint(lock.abilities, 'name_must_be_unique');
    if (!firstFour && !uniqueName) return;
    const others = this.codes.on(lock.lock_id);
    if (firstFour && clashes((theirs) => sameFirstFour(theirs.code, content.code), others)) {
      throw new Refusal(409, 'PIN_CONFLICT', 'Another code on this lock begins with the same four digits.');
    }
    const kept = keptName(lock.abilities, content.name);
    if (uniqueName && clashes((theirs) => keptName(lock.abilities, theirs.name) === kept, others)) {
      throw new Refusal(409, 'NAME_CONFLICT', 'Another code on this lock has this name.');
    }
  }
}
