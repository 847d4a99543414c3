import { type Clock, ClockWatch } from '@latchkey/platform';
import type { Core } from '../core/core';

/** The server's own clock, which somebody may put, while time passes for everything else as it does. */
export class PutClock implements Clock {
  private by = 0;
  readonly watch: ClockWatch;

  constructor(private readonly time: Clock) {
    this.watch = new ClockWatch({ wall: () => this.now(), monotonic: () => time.now() });
  }

  now(): number {
    return this.time.now() + this.by;
  }

  at(instant: number, callback: () => void): () => void {
    return this.time.at(instant - this.by, callback);
  }

  put(by: number): void {
    this.by += by;
    // What a watch that looks each second would notice.
    void this.watch.offset;
  }

  /**
   * The server as a driver of the simulated time has to see it: what is due by this clock is due at another instant of
   * the driver's.
   */
  played(core: Core) {
    return {
      nextDue: async () => {
        const due = await core.nextDue();
        return due === null ? null : due - this.by;
      },
      playing: (begun: boolean) => core.playing(begun),
      hold: () => core.hold(),
      release: () => core.release(),
      settle: () => core.settle(),
      caughtUp: () => core.caughtUp(),
      get lockCalls() {
        return core.lockCalls;
      },
    };
  }
}
