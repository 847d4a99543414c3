/** What was asked for: when a PIN is to open its lock. Instants in ms. */
export interface Promised {
  /** Null: an ongoing code. */
  readonly window: { readonly startsAt: number; readonly endsAt: number } | null;
  /** Whether the lock keeps the window by itself; if not, the code is on it from the lead time on. */
  readonly native: boolean;
  readonly lead: number;
}

/** What was seen at one instant: through the API, and at the keypad. */
export interface Sight {
  readonly at: number;
  /** As the API gives it; `gone` when it answers 404. */
  readonly status: string;
  readonly opens: boolean;
}

/**
 * Holds the keypad against what was asked for and what the API says.
 * @returns what is wrong, in words; null when they agree
 */
export function disagreement(
  { window, native, lead }: Promised,
  { at, status, opens }: Sight,
): string | null {
  if (!opens) return status === 'set' ? 'the API says set, and the keypad does not open' : null;
  if (status === 'gone') return 'the API says that the code is gone, and the keypad opens';
  if (status === 'unset') return 'the API says unset, and the keypad opens';
  if (window === null) return null;
  if (at < window.startsAt - (native ? 0 : lead)) return 'the keypad opens before the window';
  if (native && at >= window.endsAt) return 'the keypad opens after the window';
  // A lock that can't schedule opens until it has confirmed the removal; until then nobody may call the code set.
  if (at >= window.endsAt && status !== 'removing' && status !== 'unknown') {
    return `the window is over, and the API says ${status}`;
  }
  return null;
}
