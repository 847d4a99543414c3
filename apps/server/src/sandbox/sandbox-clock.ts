import { setImmediate as nextTurn } from 'node:timers/promises';
import { ApiError, iso, type SandboxClock } from '@latchkey/platform';
import { Mutex } from 'async-mutex';
import type { Simulator } from './simulator';

/** A part of the server with work that falls due by the clock. */
export interface Timed {
  /** Resolves when nothing that is due is left undone. */
  settle(): Promise<void>;
  /** Resolves when everything that happened can be read. */
  caughtUp(): Promise<void>;
  /** When something falls due next, ms; null: never. */
  nextDue(): Promise<number | null>;
  /** How often a lock was asked to do something: only then has the lock cloud anything new to play. */
  readonly lockCalls: number;
  /** Time begins to be played, or no longer is: meanwhile nobody waits for what can be read. */
  playing(begun: boolean): void;
  /** Begins nothing until `release`. */
  hold(): void;
  release(): void;
}

/**
 * Puts the one clock of server and lock cloud forward, from one instant at which something falls due to the
 * next, and goes on only when all that was due there is done: so everything happens in order, each thing at its
 * own instant, and the answer comes when nothing more is due.
 */
export class SandboxClockDriver {
  private readonly mutex = new Mutex();
  /** What locks had been asked to do when the lock cloud last played. */
  private callsPlayed = -1;
  private stopped = false;

  constructor(
    private readonly options: {
      readonly clock: SandboxClock;
      readonly simulator: Simulator;
      readonly server: Timed;
    },
  ) {}

  now(): number {
    return this.options.clock.now();
  }

  /**
   * Lets both clocks read the same; to be called before anything is begun, for a lock whose clock lagged would be
   * taken for a broken one. The lock cloud's may be ahead: a new one begins with the wall's and runs while we start.
   */
  async begin(): Promise<void> {
    const { clock, simulator } = this.options;
    const there = await simulator.clock();
    if (there > clock.now()) clock.set(there);
    await simulator.setClock(clock.now(), clock.running);
  }

  /**
   * @param target from the present reading: the instant to go to, ms
   * @param abandoned the caller has gone: the clock stays where it is by then
   * @returns the reading then, ms
   * @throws {ApiError} 400 when the clock would have to go back
   */
  advance(target: (now: number) => number, abandoned?: AbortSignal): Promise<number> {
    return this.mutex.runExclusive(() => this.play(target, abandoned));
  }

  /** Ends an advance that is under way where it is; what is left of it has to be asked for again. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.mutex.waitForUnlock();
  }

  private async play(target: (now: number) => number, abandoned?: AbortSignal): Promise<number> {
    const { clock, simulator, server } = this.options;
    if (abandoned?.aborted) return clock.now();
    const wasRunning = clock.running;
    clock.stop();
    const start = clock.now();
    let cloudDue = await this.playCloud(start);
    const to = target(start);
    server.playing(true);
    try {
      if (to < start) {
        throw ApiError.invalidInput(
          `The clock reads ${iso(start)} and does not go back: only a start with --reset-clock brings it back.`,
          { to: 'is in the past' },
        );
      }
      for (;;) {
        cloudDue = await this.settleAt(clock.now(), cloudDue);
        const ownDue = await server.nextDue();
        const next = Math.min(cloudDue ?? Infinity, ownDue ?? Infinity);
        if (next > to) break;
        if (this.stopped) throw ApiError.unavailable('The server is stopping.');
        if (abandoned?.aborted) throw ApiError.unavailable('The request to advance the clock was abandoned.');
        if (next > clock.now()) cloudDue = await this.put(next, cloudDue);
        // What is due can't be done just now: everybody else gets a turn before it is tried again.
        else await nextTurn();
      }
      if (to > clock.now()) await this.settleAt(to, await this.put(to, cloudDue));
      await server.caughtUp();
      return clock.now();
    } finally {
      server.playing(false);
      if (wasRunning) clock.resume();
      await simulator.setClock(clock.now(), wasRunning);
    }
  }

  /**
   * Both clocks read `instant` before anything begins: a lock whose clock lagged would be taken for a broken one. A
   * lock cloud with nothing to play until then learns it from what it is asked (`sandboxMaker`): at most instants it
   * is asked nothing, or soon.
   */
  private async put(instant: number, cloudDue: number | null): Promise<number | null> {
    const { clock, server } = this.options;
    server.hold();
    try {
      clock.set(instant);
      if (cloudDue === null || cloudDue > instant) return cloudDue;
      return await this.playCloud(instant);
    } finally {
      server.release();
    }
  }

  /** Plays what is due now, here and in the lock cloud, until neither finds anything more to do. */
  private async settleAt(now: number, cloudDue: number | null): Promise<number | null> {
    const { server } = this.options;
    let due = cloudDue;
    await server.settle();
    while (server.lockCalls !== this.callsPlayed || (due !== null && due <= now)) {
      due = await this.playCloud(now);
      await server.settle();
    }
    return due;
  }

  /** @returns when the lock cloud has something due next, ms; null: never */
  private playCloud(now: number): Promise<number | null> {
    this.callsPlayed = this.options.server.lockCalls;
    return this.options.simulator.setClock(now, false);
  }
}
