import type { AccessCode } from './access-code';
import type { Circumstances } from './circumstances';
import { desired, plan } from './plan';
import { isForgotten, isGone } from './life';

/**
 * When a code is due, by what is known of it: not before `until`; now, since there is something to do; or never again,
 * since it is gone and cleaned up.
 */
export type NextLook =
  | { readonly at: 'later'; readonly until: number | null; readonly forKeypad: boolean }
  | { readonly at: 'now' }
  | { readonly at: 'never' };

export function nextLook(codeId: string, code: AccessCode | null, circumstances: Circumstances): NextLook {
  if (code && isGone(code)) return isCleanedUp(code, circumstances) ? NEVER : NOW;
  const step = plan(codeId, code, circumstances);
  return step.do === 'wait' ? { at: 'later', until: step.until, forKeypad: step.forKeypad } : NOW;
}

/**
 * When a code that was just requested is due first, ms; undefined: there is something to do now. Only then does it matter
 * which others have its PIN.
 */
export function firstDue(code: AccessCode, circumstances: Circumstances): number | undefined {
  const look = nextLook(code.codeId, code, circumstances);
  return look.at === 'later' && !look.forKeypad ? (look.until ?? undefined) : undefined;
}

/**
 * Whether it matters to when a code is due which others have its PIN. Before its time it does not, as long as it has its
 * PIN reserved: looked at without them, it is due as early or earlier.
 */
export function othersMatter(code: AccessCode, around: Omit<Circumstances, 'keypad'>): boolean {
  return desired(code, around).wanted !== null;
}

const NOW = { at: 'now' } as const;
const NEVER = { at: 'never' } as const;

/** Its PIN is released last. A code that was forgotten after that may still have its key. */
function isCleanedUp(code: AccessCode, { keypad }: Circumstances): boolean {
  return !isForgotten(code) && !keypad.reservations.some(({ codeId }) => codeId === code.codeId);
}
