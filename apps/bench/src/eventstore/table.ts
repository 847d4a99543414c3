export interface Row {
  readonly what: string;
  readonly target: string;
  readonly measured: number;
  readonly unit: string;
  /** What could at most be had, measured in the same run. */
  readonly ceilings: readonly { readonly name: string; readonly value: number }[];
}

/** Prints the rows with their ceilings and how much of each was reached. */
export function printTable(rows: readonly Row[], print: (line: string) => void): void {
  const lines = rows.map(({ what, target, measured, unit, ceilings }) => [
    what,
    target,
    `${format(measured)} ${unit}`,
    ceilings.map(({ name, value }) => `${name} ${format(value)} (${percent(measured, value)})`).join(', '),
  ]);
  const table = [['', 'target', 'measured', 'ceilings in this run'], ...lines];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((line) => line[column]!.length)));
  for (const line of table) {
    print(line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-GB') : value.toFixed(2);
}

function percent(value: number, of: number): string {
  return `${Math.round((100 * value) / of)} %`;
}
