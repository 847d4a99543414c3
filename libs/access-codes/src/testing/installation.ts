import { type Database, openDatabase, openVault } from '@latchkey/database';
import { InMemoryEventStore } from '@latchkey/event-sourcing';
import { InMemoryLocks } from '@latchkey/gateways';
import {
  type Clock,
  type Config,
  createLogger,
  loadConfig,
  type Logger,
  SeededIds,
  SeededRandom,
  type Vault,
} from '@latchkey/platform';
import type { Tables } from '@latchkey/event-sourcing';
import { T0 } from '../domain/testing/builders';

/** A clock that stands still until a spec sets it, forward or back. */
export class SpecClock implements Clock {
  private reading = T0;
  private waiting: { readonly instant: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.reading;
  }

  at(instant: number, callback: () => void): () => void {
    const waiting = { instant, callback };
    this.waiting.push(waiting);
    return () => (this.waiting = this.waiting.filter((each) => each !== waiting));
  }

  put(instant: number): void {
    this.reading = instant;
    const due = this.waiting.filter((each) => each.instant <= instant);
    this.waiting = this.waiting.filter((each) => each.instant > instant);
    for (const { callback } of due) callback();
  }
}

/** What outlives a process: facts, keys, views, locks, and time. All of it in memory. */
export interface Installation {
  readonly store: InMemoryEventStore;
  readonly vault: Vault;
  readonly views: Database<Tables>;
  readonly locks: InMemoryLocks;
  readonly clock: SpecClock;
  readonly ids: SeededIds;
  readonly random: SeededRandom;
  readonly config: Config;
  readonly logger: Logger;
  /** Every line that was logged as an error. */
  readonly errors: string[];
  close(): Promise<void>;
}

/** @param settings in place of the defaults */
export async function openInstallation(settings: Partial<Config> = {}): Promise<Installation> {
  const vaultDatabase = await openDatabase({ file: ':memory:', durability: 'normal' });
  const views = await openDatabase<Tables>({ file: ':memory:', durability: 'normal' });
  const clock = new SpecClock();
  const store = new InMemoryEventStore();
  const errors: string[] = [];
  return {
    store,
    vault: await openVault({ database: vaultDatabase, masterKey: Buffer.alloc(32, 7) }),
    views,
    locks: new InMemoryLocks(clock),
    clock,
    ids: new SeededIds('access codes'),
    random: new SeededRandom('access codes'),
    config: { ...loadConfig({}), ...settings },
    logger: createLogger('error', { write: (line) => void errors.push(line) }),
    errors,
    async close() {
      await store.close();
      await views.close();
      await vaultDatabase.close();
    },
  };
}
