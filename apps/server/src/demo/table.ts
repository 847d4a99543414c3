export interface Row {
  /** ms */
  readonly at: number;
  readonly event: string;
  /** Empty where something else was seen at the same look. */
  readonly status?: string;
  readonly keypad?: string;
}

const WIDTHS = { at: 19, event: 44, status: 9 };

/** Instants in UTC, without the parts that every row shares. */
export function instant(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').slice(0, 19);
}

export function heading(): string {
  return line('instant (UTC)', 'event', 'status', 'keypad');
}

export function row({ at, event, status = '', keypad = '' }: Row): string {
  return line(instant(at), event, status, keypad);
}

function line(at: string, event: string, status: string, keypad: string): string {
  const { at: first, event: second, status: third } = WIDTHS;
  return `  ${at.padEnd(first)}  ${event.padEnd(second)}  ${status.padEnd(third)}  ${keypad}`.trimEnd();
}
