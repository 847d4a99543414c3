import { violations } from './constraints';
import { type LockCapabilities } from './lock-gateway';

/** Uniform random integers from 0 up to, not including, `bound`; cryptographic in production. */
export interface RandomInts {
  int(bound: number): number;
}

/** How many draws before we look through all PINs; then fewer than one in a hundred is likely to be left. */
const draws = 500;

/** Looking through more PINs than this would hold everything else up for too long, so there we only draw. */
const mostToLookThrough = 100_000;
const drawsOfMany = 20_000;

/** The length to draw if nobody prefers one, where the lock supports it. */
const usualLength = 4;

/**
 * A PIN within the lock's rules that `isFree` lets pass; null if there is none, or if the lock takes no PIN of
 * our choice. Among those of its length each is equally likely. The supported length next to the preferred one
 * comes first; the others only when that has none left. PINs that everybody tries first (all digits equal, 1234,
 * 4321) are drawn only when nothing else is left. Rules about other codes on the lock are for `isFree`.
 * @param ofItsSet where the lock takes PINs of a set of its account's only: those of it that are known
 */
export function drawPin(
  capabilities: LockCapabilities,
  random: RandomInts,
  isFree: (pin: string) => boolean,
  preferredLength: number = usualLength,
  ofItsSet: readonly string[] = [],
): string | null {
  const has = (rule: string) => capabilities.codeConstraints.some((one) => one.constraintType === rule);
  if (has('cannot_specify_pin_code')) return null;
  if (has('pin_code_matches_existing_set')) {
    const left = ofItsSet.filter((pin) => violations(capabilities, { pin }).length === 0 && isFree(pin));
    return left[random.int(left.length || 1)] ?? null;
  }
  const allowed = (pin: string) => violations(capabilities, { pin }).length === 0 && isFree(pin);
  const strong = (pin: string) => !isWeak(pin) && allowed(pin);
  const alphabet = digitsAllowedBy(capabilities);
  const lengths = [...new Set(capabilities.supportedCodeLengths)].sort(
    (a, b) => Math.abs(a - preferredLength) - Math.abs(b - preferredLength) || a - b,
  );
  for (const accepts of [strong, allowed]) {
    for (const length of lengths) {
      const pin = drawOne(alphabet, length, random, accepts);
      if (pin !== null) return pin;
    }
  }
  return null;
}

/** Leaving out forbidden digits from the start keeps draws from missing on long PINs. */
function digitsAllowedBy({ codeConstraints }: LockCapabilities): string {
  const forbidden = codeConstraints
    .map(({ constraintType }) => forbiddenDigits[constraintType] ?? '')
    .join('');
  return forbidden === '' ? DIGITS : [...DIGITS].filter((digit) => !forbidden.includes(digit)).join('');
}

const DIGITS = '0123456789';

const forbiddenDigits: Readonly<Record<string, string>> = {
  no_zeros: '0',
  cannot_contain_089: '089',
  cannot_contain_0789: '0789',
};

function drawOne(
  alphabet: string,
  length: number,
  random: RandomInts,
  accepts: (pin: string) => boolean,
): string | null {
  const all = alphabet.length ** length;
  const tries = all > mostToLookThrough ? drawsOfMany : draws;
  for (let draw = 0; draw < tries; draw += 1) {
    let pin = '';
    while (pin.length < length) pin += alphabet[random.int(alphabet.length)]!;
    if (accepts(pin)) return pin;
  }
  if (all > mostToLookThrough) return null;
  const left = Array.from({ length: all }, (_, index) => nthPin(alphabet, length, index)).filter(accepts);
  return left[random.int(left.length || 1)] ?? null;
}

function nthPin(alphabet: string, length: number, index: number): string {
  return index
    .toString(alphabet.length)
    .padStart(length, '0')
    .replace(/./g, (place) => alphabet[parseInt(place, alphabet.length)] ?? '');
}

/** The same step of 0, 1 or -1 all along, 9 and 0 being neighbours: 7777, 7890, 3210. */
function isWeak(pin: string): boolean {
  const stepTo = (at: number) => (Number(pin[at]) - Number(pin[at - 1]) + 10) % 10;
  if (pin.length < 2) return true;
  const step = stepTo(1);
  for (let at = 2; at < pin.length; at++) if (stepTo(at) !== step) return false;
  return step === 0 || step === 1 || step === 9;
}
