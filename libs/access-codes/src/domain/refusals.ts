import { isPlainName, type LockCapabilities } from '@latchkey/gateways';
import { type Content, toldOf } from './content';
import type { FailureKind } from './events';
import { refusedForItsStart } from './told';

export interface Trouble {
  readonly errorCode: string;
  readonly message: string;
  /** The lock or its maker was out of reach, which is not the code's fault. */
  readonly outage?: boolean;
  /** When to try again, if trying can help at all, ms. */
  readonly retryAt: number;
  /** The lock's rules, and when it refused (ms): some hold for an instant, or beside other codes, only. */
  readonly under?: { readonly rules: LockCapabilities; readonly at: number };
}

/** What the lock can never take is not sent again; a removal is never given up. */
export function kindOf({ errorCode, under }: Trouble, content: Content | null): FailureKind {
  switch (errorCode) {
    case 'INVALID_PIN':
    case 'INVALID_PIN_FORMAT':
    case 'INVALID_REQUEST':
    case 'INVALID_NAME':
    case 'SCHEDULE_NOT_SUPPORTED':
    case 'PIN_CANNOT_BE_SPECIFIED':
      return content === null ? 'passing' : kindForNow(errorCode, content, under);
    case 'PIN_CONFLICT':
    case 'NAME_CONFLICT':
    case 'LOCK_FULL':
      return 'keypad';
    case 'DEVICE_OFFLINE':
      return 'offline';
    default:
      return 'passing';
  }
}

/** Whether a lock that will not take a code may take it at another time, beside other codes or under another name. */
function kindForNow(errorCode: string, content: Content, under: Trouble['under']): FailureKind {
  if (nameRefused(errorCode) === 'not-taken-as-it-is' && !isPlainName(toldOf(content).name)) return 'passing';
  if (!under) return 'permanent';
  if (refusedForItsStart(under.rules, content, under.at)) return 'passing';
  const besideOthers = under.rules.codeConstraints.some((rule) => ABOUT_OTHERS.has(rule.constraintType));
  return besideOthers && errorCode !== 'SCHEDULE_NOT_SUPPORTED' ? 'keypad' : 'permanent';
}

/** Rules that look at what else there is on the lock, or in the account. */
const ABOUT_OTHERS = new Set([
  'unique_first_four_digits',
  'name_must_be_unique',
  'pin_code_matches_existing_set',
]);

/** What a refusal may mean for the name that the lock was sent. */
export function nameRefused(errorCode: string): 'taken' | 'not-taken-as-it-is' | null {
  if (/NAME/.test(errorCode)) {
    return /CONFLICT|TAKEN|DUPLICATE|EXISTS|UNIQUE/.test(errorCode) ? 'taken' : 'not-taken-as-it-is';
  }
  return errorCode === 'INVALID_REQUEST' ? 'not-taken-as-it-is' : null;
}
