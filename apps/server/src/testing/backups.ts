import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is backed up apart from the rest, and its files in the data folder. */
const STORES = {
  eventStore: /^eventstore$/,
  vault: /^vault\.db/,
  records: /^records\.db/,
  views: /^(views|feed|audit)\.db/,
  /** The world outside: what hangs on doors, and what time it is. */
  world: /^(lock-cloud|clock\.json)$/,
} as const;

export type Store = keyof typeof STORES;

/** Copies of a data folder's stores, taken at several instants, to be set back in any mixture. */
export class Backups {
  private readonly folder = mkdtempSync(join(tmpdir(), 'latchkey-backups-'));
  private count = 0;

  constructor(private readonly dataDir: string) {}

  /** Of a server that stands still. @returns the number of the instant */
  take(): number {
    const instant = this.count++;
    for (const store of Object.keys(STORES) as Store[]) {
      const copy = this.copyOf(store, instant);
      mkdirSync(copy, { recursive: true });
      for (const name of filesOf(this.dataDir, store))
        cpSync(join(this.dataDir, name), join(copy, name), { recursive: true });
    }
    return instant;
  }

  putBack(from: Readonly<Record<Store, number>>): void {
    for (const store of Object.keys(STORES) as Store[]) {
      for (const name of filesOf(this.dataDir, store))
        rmSync(join(this.dataDir, name), { recursive: true, force: true });
      cpSync(this.copyOf(store, from[store]), this.dataDir, { recursive: true });
    }
  }

  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private copyOf(store: Store, instant: number): string {
    return join(this.folder, `${store}-${instant}`);
  }
}

const filesOf = (folder: string, store: Store): string[] =>
  readdirSync(folder).filter((name) => STORES[store].test(name));
