/** How much has happened in the lock cloud, on its answers and reports. */
const ACTIVITY = 'x-simulated-activity';
/** On a report: when the lock cloud has something to do next once that is taken, ms since 1970, or `never`. */
const NEXT_DUE = 'x-simulated-next-due';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * What a lock cloud whose clock stands tells of itself with its answers and reports: when it has something to do next.
 * So it need not be asked for that after each call of a lock.
 */
export class CloudOutlook {
  private activity = 0;
  /** An answer was lost: what the lock cloud did then, a report that is on its way may not know of. */
  private isInDoubt = false;
  private latest: { readonly calls: number; readonly nextDue: number | null } | undefined;
  private readonly underWay = new Set<Promise<void>>();

  /** The lock cloud has answered a request; null: that answer was lost. */
  answerCame(headers: Headers | null): void {
    if (headers) this.activity = Math.max(this.activity, Number(headers[ACTIVITY]) || 0);
    else this.isInDoubt = true;
  }

  /**
   * A report has come.
   * @param calls how often a lock has been called so far
   * @returns to be called once it is answered, with whether it was taken
   */
  reportCame(headers: Headers, calls: number): (taken: boolean) => void {
    // One that was sent before the lock cloud did what we know it has done tells of the time before.
    const nextDue = Number(headers[ACTIVITY]) >= this.activity ? instantOf(headers[NEXT_DUE]) : undefined;
    let end = (): void => undefined;
    const answered = new Promise<void>((resolve) => (end = resolve));
    this.underWay.add(answered);
    return (taken) => {
      this.underWay.delete(answered);
      this.latest = taken && nextDue !== undefined ? { calls, nextDue } : undefined;
      end();
    };
  }

  /** Nothing that was told so far counts any more. */
  forget(): void {
    this.latest = undefined;
    this.isInDoubt = false;
  }

  /** Resolves when every report that has come is answered. */
  async reportsAnswered(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  /**
   * @param calls how often a lock has been called so far
   * @returns when the lock cloud has something to do next, ms; null: never; undefined: it has not told since
   */
  nextDueAfter(calls: number): number | null | undefined {
    if (this.isInDoubt || this.underWay.size > 0 || this.latest?.calls !== calls) return undefined;
    return this.latest.nextDue;
  }
}

function instantOf(header: string | string[] | undefined): number | null | undefined {
  if (header === 'never') return null;
  const instant = Number(header);
  return Number.isInteger(instant) ? instant : undefined;
}
