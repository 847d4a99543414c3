import { ACCESS_CODE, type AccessCode, codeCodec, codeFold } from '@latchkey/access-codes';
import type { Database } from '@latchkey/database';
import { ACTION_ATTEMPT, type ActionAttempt, actionCodec, actionFold } from '@latchkey/devices';
import type { Archiving, DomainEvent, EventCodec, EventStore, Fold } from '@latchkey/event-sourcing';
import { DAY, HOUR, type Logger, MINUTE } from '@latchkey/platform';
import { isFinishedAttempt, isFinishedCode } from '../domain/finished';
import { finishedAfter, type FinishedStream, type FinishedTables } from '../views/finished-projection';

/** How often it is looked what is to be archived, and when for the first time after the start, ms by the wall. */
const LOOK_EVERY_MS = HOUR;
const FIRST_LOOK_MS = MINUTE;
/** Streams that are archived together. */
const TOGETHER = 500;
/** The store reclaims space once so many facts are hidden, or after so long, ms: for each time it goes through all. */
const RECLAIM_FACTS = 20_000;
const RECLAIM_MS = DAY;

/** How much was archived, or would be. */
export interface Archived {
  readonly streams: number;
  readonly facts: number;
}

export interface ArchiveKeeperOptions {
  readonly archiving: Archiving;
  /** With what is archived. */
  readonly store: Pick<EventStore, 'read'>;
  readonly database: Database<FinishedTables>;
  readonly clock: { now(): number };
  readonly keepsExpired: (workspaceId: string) => Promise<boolean>;
  /** Makes this process the only one that changes the archive; undefined while another one does. */
  readonly lock: () => { release(): void } | undefined;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** Archives streams some time after their end, oldest first, a few at a time. */
export class ArchiveKeeper {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly options: ArchiveKeeperOptions) {}

  /** Begins to look now and then. @param olderThan ms since the end of a stream; undefined: nothing is archived */
  work(olderThan: number | undefined): void {
    const look = (): void => {
      this.looking = this.look(olderThan).finally(() => {
        if (!this.stopped) this.timer = setTimeout(look, LOOK_EVERY_MS).unref();
      });
    };
    this.timer = setTimeout(look, FIRST_LOOK_MS).unref();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  /**
   * Archives what came to its end so long ago, makes few files of many, and has the store reclaim the space.
   * @param olderThan ms since the end
   * @param atOnce the store reclaims the space even if it is little
   * @returns undefined while another process changes the archive
   */
  async archive(olderThan: number, atOnce = false): Promise<Archived | undefined> {
    const lock = this.options.lock();
    if (!lock) return undefined;
    try {
      const { archiving } = this.options;
      await archiving.finish();
      const archived = await this.archiveDue(this.options.clock.now() - olderThan);
      await archiving.merge();
      if (atOnce || (await this.isMuchHidden())) await archiving.reclaim();
      return archived;
    } finally {
      lock.release();
    }
  }

  /** What `archive` would do. */
  async due(olderThan: number): Promise<Archived> {
    const { archiving, database, clock } = this.options;
    const by = clock.now() - olderThan;
    let [streams, facts] = [0, 0];
    let after = await archiving.archivedUpTo();
    for (;;) {
      const some = await finishedAfter(database.db, after, by, TOGETHER);
      for (const { stream } of some) {
        const { count, isFinished } = await this.read(stream);
        if (!isFinished) continue;
        streams++;
        facts += count;
      }
      after = some.at(-1) ?? after;
      if (some.length < TOGETHER) return { streams, facts };
    }
  }

  private async look(olderThan: number | undefined): Promise<void> {
    const { archiving, logger } = this.options;
    try {
      if (olderThan !== undefined) {
        const archived = await this.archive(olderThan);
        if (archived && archived.streams > 0) logger.info(archived, 'finished streams were archived');
      } else if ((await archiving.hidden()) || (await archiving.isUnfinished())) await this.archive(Infinity);
    } catch (error) {
      logger.warn({ err: error }, 'finished streams could not be archived, which is tried again');
    }
  }

  private async archiveDue(by: number): Promise<Archived> {
    const { archiving, database } = this.options;
    let [streams, facts] = [0, 0];
    while (!this.stopped) {
      const some = await finishedAfter(database.db, await archiving.archivedUpTo(), by, TOGETHER);
      if (some.length === 0) break;
      const finished = await this.finishedAmong(some);
      facts += await archiving.archive(finished.map((stream) => ({ stream })));
      streams += finished.length;
      await archiving.passed(some.at(-1)!);
    }
    return { streams, facts };
  }

  private async finishedAmong(some: readonly FinishedStream[]): Promise<string[]> {
    const finished: string[] = [];
    for (const { stream } of some) if ((await this.read(stream)).isFinished) finished.push(stream);
    return finished;
  }

  private async read(stream: string): Promise<{ readonly count: number; readonly isFinished: boolean }> {
    if (stream.startsWith(`${ACTION_ATTEMPT}-`)) {
      const { count, state } = await this.folded(stream, actionCodec, actionFold);
      return { count, isFinished: state !== null && isFinishedAttempt(state satisfies ActionAttempt) };
    }
    if (!stream.startsWith(`${ACCESS_CODE}-`)) return { count: 0, isFinished: false };
    const { count, state } = await this.folded(stream, codeCodec, codeFold);
    return { count, isFinished: state !== null && (await this.isFinished(state)) };
  }

  private async isFinished(code: AccessCode): Promise<boolean> {
    return isFinishedCode(code, await this.options.keepsExpired(code.workspaceId));
  }

  private async folded<S, E extends DomainEvent>(stream: string, codec: EventCodec<E>, fold: Fold<S, E>) {
    let state = fold.initial;
    let count = 0;
    for await (const recorded of this.options.store.read(stream)) {
      count++;
      const event = codec.decodeOwn(recorded);
      if (event) state = fold.evolve(state, event);
    }
    return { count, state };
  }

  private async isMuchHidden(): Promise<boolean> {
    const { archiving, clock } = this.options;
    const hidden = await archiving.hidden();
    if (!hidden) return false;
    return hidden.facts >= RECLAIM_FACTS || clock.now() - hidden.since >= RECLAIM_MS;
  }
}
