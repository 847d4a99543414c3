import type { Abilities, CodeConstraint, CodeContent } from './model';

const steps = (pin: string) => [...pin].slice(1).map((digit, i) => Number(digit) - Number(pin[i]));

/** Three neighbouring digits that count up or down by one: 123, 987. */
function hasRunOfThree(pin: string): boolean {
  const by = steps(pin);
  return by.some((step, i) => Math.abs(step) === 1 && by[i + 1] === step);
}

function isSequence(pin: string): boolean {
  const by = steps(pin);
  return by.length > 0 && (by.every((step) => step === 1) || by.every((step) => step === -1));
}

const breaksPin: Partial<Record<CodeConstraint['constraint_type'], (pin: string) => boolean>> = {
  no_zeros: (pin) => pin.includes('0'),
  cannot_start_with_12: (pin) => pin.startsWith('12'),
  no_triple_consecutive_ints: hasRunOfThree,
  no_ascending_or_descending_sequence: isSequence,
  at_least_three_unique_digits: (pin) => new Set(pin).size < 3,
  cannot_contain_089: (pin) => /[089]/.test(pin),
  cannot_contain_0789: (pin) => /[0789]/.test(pin),
  no_all_same_digits: (pin) => new Set(pin).size === 1,
};

/** Which of the lock's rules the PIN itself breaks, in words, or null. */
export function brokenPinRule(abilities: Abilities, pin: string): string | null {
  if (!/^\d+$/.test(pin)) return 'A PIN is made of digits.';
  if (!abilities.supported_code_lengths.includes(pin.length)) {
    return `This lock takes PINs of ${abilities.supported_code_lengths.join(', ')} digits.`;
  }
  for (const { constraint_type, pin_codes } of abilities.code_constraints) {
    const outsideSet =
      constraint_type === 'pin_code_matches_existing_set' && pin_codes?.includes(pin) === false;
    if (outsideSet || breaksPin[constraint_type]?.(pin))
      return `The PIN breaks the lock's rule ${constraint_type}.`;
  }
  return null;
}

/**
 * Why a lock with these abilities can never take this code, or null if it can. Rules that look at the other
 * codes on the lock are not judged here. The names of the constraints are Seam's.
 */
export function brokenRule(abilities: Abilities, content: CodeContent, now: number): string | null {
  const { name, starts_at } = content;
  for (const { constraint_type, min_length = 0, max_length = Infinity } of abilities.code_constraints) {
    if (constraint_type === 'start_date_in_future' && starts_at !== null && starts_at <= now) {
      return `The start breaks the lock's rule ${constraint_type}.`;
    }
    if (constraint_type === 'name_length' && (name.length < min_length || name.length > max_length)) {
      return `The name breaks the lock's rule ${constraint_type}.`;
    }
  }
  return brokenPinRule(abilities, content.code);
}

export const hasConstraint = (abilities: Abilities, type: CodeConstraint['constraint_type']): boolean =>
  abilities.code_constraints.some((constraint) => constraint.constraint_type === type);
