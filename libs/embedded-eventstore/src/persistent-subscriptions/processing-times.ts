const KEPT = 1000;
const QUANTILES: readonly (readonly [string, number])[] = [
  ['Median', 0.5],
  ['Fastest', 0],
  ['Quintile 1', 0.2],
  ['Quintile 2', 0.4],
  ['Quintile 3', 0.6],
  ['Quintile 4', 0.8],
  ['Quintile 5', 1],
  ['90%', 0.9],
  ['95%', 0.95],
  ['99%', 0.99],
  ['99.5%', 0.995],
  ['99.9%', 0.999],
  ['Highest', 1],
];

/** How long a consumer took for each of its last thousand messages, ms. */
export class ProcessingTimes {
  private readonly begun = new Map<string, number>();
  private readonly durations: number[] = [];

  begin(key: string, at: number): void {
    this.begun.set(key, at);
  }

  end(key: string, at: number): void {
    const begun = this.begun.get(key);
    if (begun === undefined) return;
    this.begun.delete(key);
    this.durations.push(at - begun);
    if (this.durations.length > KEPT) this.durations.shift();
  }

  /** Mean and quantiles by name; all 0 while nothing has been answered. */
  measurements(): [name: string, ms: number][] {
    const sorted = [...this.durations].sort((a, b) => a - b);
    const mean = sorted.length === 0 ? 0 : sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length;
    const quantile = (q: number): number => sorted[Math.ceil(q * (sorted.length - 1))] ?? 0;
    return [
      ['Mean', Math.round(mean)],
      ...QUANTILES.map(([name, q]): [string, number] => [name, quantile(q)]),
    ];
  }
}
