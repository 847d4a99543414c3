import { setTimeout as pause } from 'node:timers/promises';
import type { Records } from '@latchkey/database';
import { type Logger, SECOND } from '@latchkey/platform';
import { hasEnded, type ProcessMark } from './process-mark';

/** So long a process that has died keeps others from its work, and so often one that lives says so, ms. */
export const LEASE = { lasts: 15 * SECOND, renewedEvery: 5 * SECOND };

type Kept = Pick<Records['settings'], 'get' | 'setIfAbsent' | 'replace'>;

interface Held {
  readonly owner: string;
  /** By the owner's clock, ms. */
  readonly until: number;
  /** Left out where the owner's system does not tell. */
  readonly process?: ProcessMark;
}

/**
 * Work that one process of those that share a database does, and another one once that has died: at once where it can
 * see that, as on the same machine, else when the lease has run out. Machines' clocks are taken to agree within seconds.
 */
export class SharedLease {
  private heldUntil = 0;
  private readonly ended = new AbortController();
  private renewing: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: {
      /** What is held: the same for all who take turns. */
      readonly key: string;
      /** This process, unlike any other. */
      readonly owner: string;
      /** Null: its end can't be seen by others. */
      readonly process: ProcessMark | null;
      readonly settings: Kept;
      readonly now: () => number;
      readonly logger: Pick<Logger, 'warn'>;
    },
  ) {}

  get isHeld(): boolean {
    return this.options.now() < this.heldUntil;
  }

  /**
   * Takes it when it is free, and keeps it from then on.
   * @param onTurn called each time that it was taken or renewed; `isNew`: it was another one's, or nobody's
   */
  async begin(onTurn: (isNew: boolean) => Promise<void>): Promise<void> {
    await this.turn(onTurn);
    this.renewing = this.renew(onTurn);
  }

  /** Leaves it to the next one at once. */
  async stop(): Promise<void> {
    this.ended.abort();
    await this.renewing;
    if (!this.isHeld) return;
    this.heldUntil = 0;
    await this.put(0).catch(() => false);
  }

  private async renew(onTurn: (isNew: boolean) => Promise<void>): Promise<void> {
    const { signal } = this.ended;
    while (!signal.aborted) {
      await pause(LEASE.renewedEvery, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.turn(onTurn);
    }
  }

  private async turn(onTurn: (isNew: boolean) => Promise<void>): Promise<void> {
    try {
      const before = this.isHeld;
      const until = this.options.now() + LEASE.lasts;
      if (!(await this.put(until))) return;
      this.heldUntil = until;
      await onTurn(!before);
    } catch (err) {
      this.options.logger.warn({ err }, 'a lease could not be renewed');
    }
  }

  /** @returns whether it is ours now */
  private async put(until: number): Promise<boolean> {
    const { key, owner, process, settings, now } = this.options;
    const text = JSON.stringify({ owner, until, ...(process ? { process } : {}) } satisfies Held);
    const there = (await settings.get(key)) ?? (await settings.setIfAbsent(key, text));
    const held = JSON.parse(there) as Held;
    const isLeft = held.until <= now() || (held.process !== undefined && hasEnded(held.process));
    if (held.owner !== owner && !isLeft) return false;
    return there === text || settings.replace(key, there, text);
  }
}
