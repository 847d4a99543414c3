import { machine, table } from './report';

/** One measurement of a round, and the same of what it is compared with. */
export interface Sample {
  readonly ours: number;
  readonly beside?: number;
  /** What `beside` is. */
  readonly name?: string;
}

/** Prints medians, the ratio of each pair with its spread, and what machine and version they were measured on. */
export function printRatios(samples: ReadonlyMap<string, readonly Sample[]>): void {
  const rows = [...samples].map(([what, of]) => {
    const ratios = of.flatMap(({ ours, beside }) => (beside === undefined ? [] : [ours / beside]));
    const beside = of.flatMap((one) => (one.beside === undefined ? [] : [one.beside]));
    return [
      what,
      figure(median(of.map(({ ours }) => ours))),
      beside.length > 0 ? `${figure(median(beside))} (${of[0]!.name})` : '',
      ratios.length > 0 ? median(ratios).toFixed(2) : '',
      ratios.length > 0 ? `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}` : '',
    ];
  });
  table(['what', 'Latchkey', 'beside it', 'ratio', 'spread'], rows);
  process.stdout.write(`medians of ${[...samples.values()][0]?.length ?? 0} rounds; ${machine()}\n`);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-GB') : value.toFixed(2);
}
