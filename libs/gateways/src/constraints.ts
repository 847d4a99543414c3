import { type CodeConstraint, type LockCapabilities } from './lock-gateway';

/** A code somebody wants on a lock, and what is known around it. */
export interface CodeProposal {
  /** Null: none was asked for, one is to be drawn. */
  readonly pin: string | null;
  readonly name?: string | null;
  /** Instants in ms; `startsAt` null or left out for a code without a window. */
  readonly startsAt?: number | null;
  readonly now?: number;
  /** Of the other codes on the same lock. */
  readonly otherNames?: readonly string[];
  readonly otherPins?: readonly string[];
  /** PINs of the account's users, where the lock takes no others; left out where nobody knows them. */
  readonly existingPins?: readonly string[];
}

/** Why a lock cannot take a code. The message is for people and never holds the PIN. */
export interface Violation {
  /** One of Seam's constraint types, or ours for its other rules: `digits_only`, `supported_code_lengths`. */
  readonly constraintType: string;
  readonly message: string;
}

/**
 * Which of the lock's rules the code breaks; empty if the lock can take it. Rules that we do not know break
 * nothing: then the lock itself has to say.
 */
export function violations(capabilities: LockCapabilities, proposal: CodeProposal): Violation[] {
  const found = capabilities.codeConstraints.flatMap((constraint): Violation[] => {
    const message = broken(constraint, proposal);
    return message === null ? [] : [{ constraintType: constraint.constraintType, message }];
  });
  return [...formViolations(capabilities, proposal.pin), ...found];
}

function formViolations(
  { supportedCodeLengths: lengths }: LockCapabilities,
  pin: string | null,
): Violation[] {
  if (pin === null) return [];
  if (!/^[0-9]+$/.test(pin)) {
    return [{ constraintType: 'digits_only', message: 'The code must be made of the digits 0 to 9.' }];
  }
  if (lengths.includes(pin.length)) return [];
  const message = `The code must have ${lengths.join(', ')} digits; it has ${pin.length}.`;
  return [{ constraintType: 'supported_code_lengths', message }];
}

function broken(constraint: CodeConstraint, proposal: CodeProposal): string | null {
  const pinRule = pinRules[constraint.constraintType];
  if (pinRule !== undefined) return proposal.pin === null ? null : pinRule(proposal.pin, proposal);
  return otherRules[constraint.constraintType]?.(proposal, constraint) ?? null;
}

type PinRule = (pin: string, proposal: CodeProposal) => string | null;

const rule = (breaks: (pin: string) => boolean, message: string): PinRule => {
  return (pin) => (breaks(pin) ? message : null);
};

const pinRules: Readonly<Record<string, PinRule>> = {
  no_zeros: rule((pin) => pin.includes('0'), 'The code must have no 0.'),
  cannot_start_with_12: rule((pin) => pin.startsWith('12'), 'The code must not start with 12.'),
  no_triple_consecutive_ints: rule(
    hasRunOfThree,
    'The code must not have three digits in a row that are the same or count up or down.',
  ),
  cannot_specify_pin_code: () => 'This lock draws its codes itself: leave the code out.',
  pin_code_matches_existing_set: (pin, { existingPins }) =>
    existingPins === undefined || existingPins.includes(pin)
      ? null
      : 'The code must be one that the account already uses.',
  no_ascending_or_descending_sequence: rule(
    isSequence,
    'The code must not be an unbroken sequence of digits.',
  ),
  at_least_three_unique_digits: rule(
    (pin) => new Set(pin).size < 3,
    'The code must have at least three different digits.',
  ),
  cannot_contain_089: rule((pin) => /[089]/.test(pin), 'The code must not contain 0, 8 or 9.'),
  cannot_contain_0789: rule((pin) => /[0789]/.test(pin), 'The code must not contain 0, 7, 8 or 9.'),
  unique_first_four_digits: (pin, { otherPins = [] }) =>
    otherPins.some((other) => other.slice(0, 4) === pin.slice(0, 4))
      ? 'The first four digits must differ from those of every other code on the lock.'
      : null,
  no_all_same_digits: rule(isAllTheSame, 'The digits of the code must not all be the same.'),
};

const otherRules: Readonly<
  Record<string, (proposal: CodeProposal, constraint: CodeConstraint) => string | null>
> = {
  start_date_in_future: ({ startsAt, now }) =>
    startsAt != null && now !== undefined && startsAt <= now ? 'The start must lie in the future.' : null,
  name_length: ({ name }, { minLength = 0, maxLength = Infinity }) => {
    if (name === undefined) return null;
    const length = [...(name ?? '')].length;
    if (length < minLength) return `The name must have at least ${minLength} characters.`;
    return length > maxLength ? `The name must have at most ${maxLength} characters.` : null;
  },
  name_must_be_unique: ({ name, otherNames = [] }) =>
    name != null && otherNames.includes(name) ? 'Another code on the lock has that name.' : null,
};

/** The difference of each digit from the one before. */
const steps = (pin: string): number[] =>
  [...pin].slice(1).map((digit, index) => Number(digit) - Number(pin[index]));

/** Three neighbours that are the same or count up or down by one: 777, 123, 987. */
function hasRunOfThree(pin: string): boolean {
  const by = steps(pin);
  return by.some((step, index) => Math.abs(step) <= 1 && by[index + 1] === step);
}

function isSequence(pin: string): boolean {
  const by = steps(pin);
  return by.length > 0 && (by.every((step) => step === 1) || by.every((step) => step === -1));
}

function isAllTheSame(pin: string): boolean {
  return new Set(pin).size === 1;
}
