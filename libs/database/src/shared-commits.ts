import type { Kysely, Transaction } from 'kysely';
import type { Database } from './database';

interface Waiting<T> {
  readonly work: (trx: Transaction<T>) => Promise<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** So many writes share a commit at most: they hold up everybody else meanwhile. */
const AT_ONCE = 32;

const ofDatabases = new WeakMap<object, SharedCommits<never>>();

/** The shared commits of a database, for those who do not know of each other: views that fold the same events. */
export function sharedCommitsOf<T>(database: Database<T>): SharedCommits<T> {
  const known = ofDatabases.get(database) as unknown as SharedCommits<T> | undefined;
  const commits = known ?? new SharedCommits(database);
  if (!known) ofDatabases.set(database, commits as unknown as SharedCommits<never>);
  return commits;
}

/**
 * Lets small writes that come at the same time share one transaction. On SQLite each commit of what must be durable
 * waits for the disk on the one thread that answers everybody; on PostgreSQL each write goes by itself.
 */
export class SharedCommits<T> {
  private waiting: Waiting<T>[] = [];
  private flushing = false;

  constructor(private readonly database: Database<T>) {}

  /** @param work one statement, or several that may be done again from the start */
  write<R>(work: (db: Kysely<T>) => Promise<R>): Promise<R> {
    return this.database.engine === 'sqlite' ? this.shared(work) : work(this.database.db);
  }

  /** The same for statements that must be done all or none. */
  transaction<R>(work: (trx: Transaction<T>) => Promise<R>): Promise<R> {
    return this.database.engine === 'sqlite' ? this.shared(work) : this.database.transaction(work);
  }

  private shared<R>(work: (trx: Transaction<T>) => Promise<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.waiting.push({ work, resolve: resolve as (result: unknown) => void, reject });
      if (this.flushing) return;
      this.flushing = true;
      // After whatever else has come in this turn of the event loop.
      setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const some = this.waiting.splice(0, AT_ONCE);
      // Where one of them fails, each goes by itself: it takes none of the others with it.
      if (some.length === 1 || !(await this.together(some))) {
        for (const each of some) await this.alone(each);
      }
    }
    this.flushing = false;
  }

  private async together(some: readonly Waiting<T>[]): Promise<boolean> {
    try {
      const results = await this.database.transaction(async (trx) => {
        const done: unknown[] = [];
        for (const { work } of some) done.push(await work(trx));
        return done;
      });
      for (const [n, { resolve }] of some.entries()) resolve(results[n]);
      return true;
    } catch {
      return false;
    }
  }

  private async alone({ work, resolve, reject }: Waiting<T>): Promise<void> {
    try {
      resolve(await this.database.transaction(work));
    } catch (error) {
      reject(error);
    }
  }
}
