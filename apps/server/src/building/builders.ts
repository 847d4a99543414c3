import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  type EventStore,
  laterPosition,
  positionFromText,
  type ProjectionRunner,
} from '@latchkey/event-sourcing';
import { type Clock, type ClockWatch, type Config, type Logger, within } from '@latchkey/platform';
import type { Part } from './build-views';
import type { Followed } from './building-progress';
import type { ThreadCall, ThreadNews, ThreadOrder, ThreadProgress } from './thread';
import { Turns } from './turns';

/**
 * A shorter history, some 25,000 events, is folded faster than threads begin: bytes, as positions count them. To count
 * events they would have to be read.
 */
const HISTORY_WORTH_IT = 20_000_000n;
/** A thread that does not end on request within this is ended, ms. What it has committed stands. */
const STOP_WITHIN_MS = 3_000;
/** Most of what folding makes is garbage soon: with more room for what is young, little of it is copied. */
const YOUNG_MB = 96;
/**
 * Far more than a thread needs, and less than what V8 takes for a large heap, of which it lets four times what is in use
 * gather before it collects; of a smaller one twice as much. Measured: 140 MB less, and no slower.
 */
const OLD_MB = 2_000;
const COMPILED = join(__dirname, 'thread.js');

/**
 * Builds views that are to be built from a long history in threads beside the server's own, one for each part, so
 * that two processors are used, and the server answers meanwhile. Then the server takes up where they ended; where
 * one fails, it takes up there too, and builds the rest itself.
 */
export class Builders {
  private readonly threads = new Map<Worker, Part>();
  private readonly heard = new Map<string, Followed>();
  /** A thread has built the agenda, or begun to, and put off what waits in it by the clock as it read then. */
  private havePlanned = false;

  constructor(
    private readonly options: {
      readonly store: EventStore;
      /** Of the event store, for connections of the threads' own. */
      readonly address: string;
      readonly config: Config;
      readonly clock: Pick<Clock, 'now'>;
      readonly logger: Logger;
      /** What folds each view, prepared and not started. */
      readonly views: Readonly<Record<Part, readonly ProjectionRunner[]>>;
      /** HISTORY_WORTH_IT when left out. */
      readonly worthIt?: bigint;
      /** What a thread runs, and its environment; the one beside this, and the server's own, when left out. */
      readonly program?: { readonly path: string; readonly env: NodeJS.ProcessEnv };
    },
  ) {}

  /** Resolves when the threads have ended; at once where none is needed, or the server is not compiled. */
  async run(): Promise<void> {
    if (!existsSync(this.options.program?.path ?? COMPILED)) return;
    const wanted: Part[] = [];
    for (const part of ['views', 'feed'] as const) if (await this.isToBeBuilt(part)) wanted.push(part);
    if (wanted.length === 0 || !(await this.isLong())) return;
    const turns = new Turns();
    await Promise.all(wanted.map((part) => this.build(part, turns, wanted)));
  }

  /** How far a view has been followed, here or in a thread. */
  followed(runner: ProjectionRunner): Followed {
    const { heard } = this;
    return {
      get position() {
        return laterPosition(runner.position, heard.get(runner.name)?.position);
      },
      get passedCount() {
        return runner.passedCount + (heard.get(runner.name)?.passedCount ?? 0);
      },
    };
  }

  /** Whether codes were put off by a clock that may have been wrong. */
  plannedInDoubt(clockWatch: Pick<ClockWatch, 'offset'> | undefined): boolean {
    return this.havePlanned && clockWatch !== undefined && clockWatch.offset !== 0;
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.threads.keys()].map(async (thread) => {
        const ended = new Promise((resolve) => thread.once('exit', resolve));
        thread.postMessage('stop' satisfies ThreadCall);
        await within(ended, STOP_WITHIN_MS, () => new Error('late')).catch(() => thread.terminate());
      }),
    );
  }

  private async isToBeBuilt(part: Part): Promise<boolean> {
    const each = await Promise.all(this.options.views[part].map((runner) => runner.isToBeBuilt()));
    return each.includes(true);
  }

  private async isLong(): Promise<boolean> {
    const { store, worthIt = HISTORY_WORTH_IT } = this.options;
    const end = await store.ping();
    return end !== undefined && end.commit >= worthIt;
  }

  private async build(part: Part, turns: Turns, all: readonly Part[]): Promise<void> {
    const { config, address, clock, logger } = this.options;
    const begun = performance.now();
    try {
      const hasOtherViews = part !== 'views' && all.includes('views');
      const order = { part, config, address, now: clock.now(), turns: turns.memory, hasOtherViews };
      if (part === 'views') this.havePlanned = true;
      await this.ended(order);
      const seconds = Math.round((performance.now() - begun) / 1000);
      logger.info({ part, seconds }, `${part} built by a thread, in ${seconds} s`);
    } catch (error) {
      logger.warn(
        { err: error, part },
        'a thread that built views has ended early; the server goes on itself',
      );
    } finally {
      if (part === 'views') this.tellOthers('views-ended');
    }
  }

  private ended(order: ThreadOrder): Promise<void> {
    return new Promise((resolve, reject) => {
      const { path = COMPILED, env } = this.options.program ?? {};
      const thread = new Worker(path, {
        workerData: order,
        env: { ...process.env, ...env },
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB, maxOldGenerationSizeMb: OLD_MB },
      });
      this.threads.set(thread, order.part);
      thread.on('message', (news: ThreadNews) => {
        if (news === 'views-folded') this.tellOthers(news);
        else this.hear(news);
      });
      thread.once('error', reject);
      thread.once('exit', (code) => {
        this.threads.delete(thread);
        if (code === 0) resolve();
        else reject(new Error(`the thread ended with ${code}`));
      });
    });
  }

  /** What has become of the views, for the threads that build something else. */
  private tellOthers(call: ThreadCall): void {
    for (const [thread, part] of this.threads) if (part !== 'views') thread.postMessage(call);
  }

  private hear(progress: ThreadProgress): void {
    for (const { name, position, passedCount } of progress)
      this.heard.set(name, {
        position: position === undefined ? undefined : positionFromText(position),
        passedCount,
      });
  }
}
