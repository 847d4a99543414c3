import type { Database } from '@latchkey/database';
import { type Planned, settleMany, settleOne } from './agenda-statements';
import type { AgendaTables } from './agenda-tables';

interface Waiting {
  readonly planned: Planned;
  readonly resolve: (settled: boolean) => void;
  readonly reject: (error: unknown) => void;
}

const BATCH = 200;

/** Settles in one statement what is settled at the same time. */
export class SettleBatches {
  private waiting: Waiting[] = [];
  private flushing = false;

  constructor(private readonly database: Database<AgendaTables>) {}

  /** @returns false when something has happened since it was claimed */
  settle(planned: Planned): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ planned, resolve, reject });
      if (this.flushing) return;
      this.flushing = true;
      setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, BATCH);
      try {
        const settled = await this.settleAll(batch.map(({ planned }) => planned));
        for (const { planned, resolve } of batch) resolve(settled.has(planned.subject));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.flushing = false;
  }

  private async settleAll(planned: readonly Planned[]): Promise<ReadonlySet<string>> {
    const { db, engine } = this.database;
    const settled = new Set<string>();
    if (planned.length > 1) {
      const { rows } = await settleMany(engine, planned).execute(db);
      for (const { subject } of rows) settled.add(subject);
    }
    // One by one where another transaction held the row, or there is only one.
    for (const each of planned) {
      if (!settled.has(each.subject) && (await settleOne.run(db, each)) > 0) settled.add(each.subject);
    }
    return settled;
  }
}
