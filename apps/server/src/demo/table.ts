export interface Row {
  /** ms */
  readonly at: number;
  readonly event: string;
  /** Empty where something else was seen at the same look. */
  readonly status?: string;
  readonly keypad?: string;
  /** The public events of that instant. */
  readonly told?: readonly string[];
}

const WIDTHS = { at: 19, event: 36, status: 8, keypad: 6 };

/** Instants in UTC, without the parts that every row shares. */
export function instant(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').slice(0, 19);
}

export function heading(): string {
  return line('instant (UTC)', 'event', 'status', 'keypad', 'told to integrations');
}

export function row({ at, event, status = '', keypad = '', told = [] }: Row): string {
  return line(instant(at), event, status, keypad, told.join(', '));
}

function line(at: string, event: string, status: string, keypad: string, told: string): string {
  const cells = [
    at.padEnd(WIDTHS.at),
    event.padEnd(WIDTHS.event),
    status.padEnd(WIDTHS.status),
    keypad.padEnd(WIDTHS.keypad),
    told,
  ];
  return `  ${cells.join('  ')}`.trimEnd();
}
