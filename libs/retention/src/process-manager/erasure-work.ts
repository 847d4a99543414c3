import { ACCESS_CODE, type AccessCode, erasureCompleted, type Streams } from '@latchkey/access-codes';
import { hasNoSalt } from '@latchkey/audit';
import type { Database } from '@latchkey/database';
import {
  type Archiving,
  type Change,
  type EventStore,
  laterPosition,
  type MarkedEventStore,
  type Position,
  type RecordedEvent,
  systemCause,
  withoutPersonal,
} from '@latchkey/event-sourcing';
import { type Logger, MINUTE, SECOND, type Vault } from '@latchkey/platform';
import type { PublicNames } from '@latchkey/public-events';
import { setTimeout as delay } from 'node:timers/promises';
import { erasuresLeft, type ErasuresTables } from '../views/erasures-projection';

/** Codes whose names are erased together: what goes through whole files is done once for all of them. */
const TOGETHER = 200;
/** What could not be done is tried again after so long, longer each time, ms by the wall. */
const AGAIN = { first: 2 * SECOND, limit: 5 * MINUTE };
/** How long is waited for the views, each time, ms. */
const VIEWS_WITHIN_MS = 20 * SECOND;
const ASK_EVERY_MS = 50;

export interface ErasureWorkOptions {
  readonly database: Database<ErasuresTables>;
  readonly streams: Pick<Streams, 'codes'>;
  /** With what is archived. */
  readonly store: Pick<EventStore, 'read'>;
  readonly marked: Pick<MarkedEventStore, 'marked'>;
  readonly archiving: Archiving;
  readonly vault: Pick<Vault, 'erase'>;
  readonly publicNames: Pick<PublicNames, 'toldAt' | 'erase'>;
  /** Whether every view of the facts has folded them up to a position; false when it has not in time, ms. */
  readonly folded: (position: Position, withinMs: number) => Promise<boolean>;
  /** The same of what is made of the public events. */
  readonly told: (position: Position, withinMs: number) => Promise<boolean>;
  /**
   * Facts without a salt, by their ids, as they are to be once what is personal in them is erased: the chain covers them
   * as they are.
   */
  readonly withoutSalt: (ids: ReadonlySet<string>) => Promise<ReadonlyMap<string, RecordedEvent>>;
  /** Forgets what codes were called in answers that are kept to be given again. */
  readonly forgetAnswers: (codeIds: readonly string[]) => Promise<void>;
  /** Writes the databases again, without what was deleted or replaced in them. */
  readonly compact: () => Promise<void>;
  /** Makes this process the only one that changes the archive; undefined while another one does. */
  readonly lock: () => { release(): void } | undefined;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** A code whose names are to be erased, and the fact that says so. */
interface Begun {
  readonly codeId: string;
  readonly code: AccessCode;
  readonly erased: RecordedEvent;
  /** The vault's, of all PINs that it had. */
  readonly keyIds: readonly string[];
  /** Facts of versions before there were salts that have a name. */
  readonly unsalted: readonly string[];
}

/**
 * Erases what codes were called, everywhere: the views forget it by themselves, the facts are archived without it, the
 * public events are rewritten, and what is left of it on the disk is overwritten. Each step may be the last before a
 * crash, and may be done again.
 */
export class ErasureWork {
  private working: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isBegun = false;
  private isStopped = false;
  private isAsked = false;
  private failures = 0;

  constructor(private readonly options: ErasureWorkOptions) {}

  /** Begins, with what an earlier life has left. */
  work(): void {
    this.isBegun = true;
    this.wake();
  }

  /** There may be something to be erased. */
  wake(): void {
    this.isAsked = true;
    if (!this.isBegun || this.isStopped || this.working) return;
    clearTimeout(this.timer);
    this.working = this.eraseAll().finally(() => {
      this.working = undefined;
      // It was asked for once more when all seemed done.
      if (this.isAsked) this.wake();
    });
  }

  /** Resolves when it does nothing for now. */
  get idle(): Promise<void> {
    return this.working ?? Promise.resolve();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.working;
  }

  private async eraseAll(): Promise<void> {
    const { logger } = this.options;
    try {
      while (this.isAsked && !this.isStopped) {
        this.isAsked = false;
        const erased = await this.eraseSome();
        if (erased > 0) this.isAsked = true;
        if (erased > 0) logger.info({ codes: erased }, 'what codes were called was erased');
      }
      this.failures = 0;
    } catch (error) {
      if (this.isStopped) return;
      const again = Math.min(AGAIN.limit, AGAIN.first * 2 ** this.failures++);
      logger.warn({ err: error, again }, 'what codes were called could not be erased, which is tried again');
      this.timer = setTimeout(() => this.wake(), again).unref();
    }
  }

  /**
   * Erases the names of some codes.
   * @returns of how many
   * @throws Error where something is in the way for now
   */
  async eraseSome(): Promise<number> {
    const { database, archiving, lock } = this.options;
    const codeIds = await erasuresLeft(database.db, TOGETHER);
    const begun = (await Promise.all(codeIds.map((codeId) => this.begun(codeId)))).flatMap(
      (each) => each ?? [],
    );
    if (begun.length === 0) return 0;
    const held = lock();
    if (!held) throw new Error('another process changes the archive');
    try {
      await this.untilViewsForgot(begun);
      await this.eraseBesideFacts(begun);
      await this.eraseInFacts(begun);
      await this.options.compact();
      await archiving.reclaim();
      let last: Position | undefined;
      for (const each of begun) last = laterPosition(last, await this.complete(each));
      // What is left is asked for next.
      if (last) await this.options.folded(last, VIEWS_WITHIN_MS);
    } finally {
      held.release();
    }
    return begun.length;
  }

  /** Undefined where it is done by now. */
  private async begun(codeId: string): Promise<Begun | undefined> {
    const { streams, store } = this.options;
    let erased: RecordedEvent | undefined;
    let revision = -1;
    const keyIds = new Set<string>();
    const unsalted: string[] = [];
    for await (const fact of store.read(streams.codes.streamOf(codeId))) {
      ({ revision } = fact);
      if (fact.forged !== undefined) continue;
      if (fact.type === 'PersonalDataErased') erased = fact;
      addKeyIds(fact.data, keyIds);
      if (hasNoSalt(fact)) unsalted.push(fact.id);
    }
    // The command line may have decided it, of which this process has not heard.
    const { state: code } = await streams.codes.load(codeId, revision);
    if (!erased || code?.erasure !== 'begun') return undefined;
    const own = [...keyIds].filter((keyId) => keyId === codeId || keyId.startsWith(`${codeId}/`));
    return { codeId, code, erased, keyIds: own, unsalted };
  }

  /** The views lose the names as they fold the fact; the feed and the webhooks do so with what they are told of it. */
  private async untilViewsForgot(begun: readonly Begun[]): Promise<void> {
    const { folded, told, publicNames } = this.options;
    const until = performance.now() + VIEWS_WITHIN_MS;
    for (const { erased } of begun) {
      if (!(await folded(erased.position, VIEWS_WITHIN_MS))) throw new Error('the views are behind');
      let position = await publicNames.toldAt(erased);
      while (!position) {
        if (this.isStopped || performance.now() > until) throw new Error('the public events are behind');
        await delay(ASK_EVERY_MS);
        position = await publicNames.toldAt(erased);
      }
      if (!(await told(position, VIEWS_WITHIN_MS))) throw new Error('the webhooks are behind');
    }
  }

  private async eraseBesideFacts(begun: readonly Begun[]): Promise<void> {
    const { vault, publicNames, forgetAnswers } = this.options;
    for (const { codeId, keyIds } of begun) {
      for (const keyId of keyIds) await vault.erase(keyId);
      await publicNames.erase(codeId);
    }
    await forgetAnswers(begun.map(({ codeId }) => codeId));
  }

  /** A code's facts are archived, whether they are to be for their age or not: in the archive they can be changed. */
  private async eraseInFacts(begun: readonly Begun[]): Promise<void> {
    const { archiving, marked, withoutSalt } = this.options;
    const unsalted = await withoutSalt(new Set(begun.flatMap((each) => each.unsalted)));
    const streams = begun.map(({ codeId }) => `${ACCESS_CODE}-${codeId}`);
    const ofThem = new Set(streams);
    const change: Change = (fact) => {
      if (!ofThem.has(fact.stream) || fact.forged !== undefined) return fact;
      const without = unsalted.get(fact.id) ?? withoutPersonal(fact);
      return without === fact ? fact : marked.marked(without);
    };
    await archiving.archive(
      streams.map((stream) => ({ stream })),
      change,
    );
    await archiving.rewrite(streams, change);
    await archiving.merge();
  }

  private async complete({ codeId, code, erased }: Begun): Promise<Position> {
    const { $correlationId: correlationId } = erased.metadata;
    const cause = systemCause({ workspaceId: code.workspaceId, correlationId, causationId: erased.id });
    const decided = await this.options.streams.codes.transact(codeId, cause, erasureCompleted);
    return decided.position ?? erased.position;
  }
}

/** The vault's keys of what is sealed in a fact. */
function addKeyIds(data: unknown, keyIds: Set<string>): void {
  if (typeof data !== 'object' || data === null) return;
  const { keyId, box } = data as { keyId?: unknown; box?: unknown };
  if (typeof keyId === 'string' && typeof box === 'string') keyIds.add(keyId);
  for (const inner of Object.values(data)) addKeyIds(inner, keyIds);
}
