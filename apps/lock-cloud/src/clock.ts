import type { CloudDatabase, Query } from './database';

/** Where the clock was last put: `now` (ms of the simulated time) at `wall` (ms of the machine's time). */
interface Setting {
  now: number;
  wall: number;
  running: number;
  activity: number;
}

/**
 * The simulated clock. Running, it moves with the wall from where it was last put, also while the process is down; else
 * it stands still. It also counts the cloud's activity, so that the process that drives the clock can tell whether
 * anything has happened in between.
 */
export class SimulatedClock {
  private setting: Setting;
  private readonly store: Query<[number, number, number, number]>;
  private readonly storeActivity: Query<[number]>;

  /** `initial` counts only when the database holds no clock yet, or that is to be forgotten. */
  constructor(db: CloudDatabase, initial: { now: number; running: boolean }, forget = false) {
    this.store = db.prepare(
      'INSERT OR REPLACE INTO clock (id, now, wall, running, activity) VALUES (1, ?, ?, ?, ?)',
    );
    this.storeActivity = db.prepare('UPDATE clock SET activity = ? WHERE id = 1');
    const stored = db.prepare<[], Setting>('SELECT now, wall, running, activity FROM clock').get();
    this.setting = stored ?? { now: 0, wall: 0, running: 0, activity: 0 };
    if (stored && !forget) return;
    // Stored even if it stands at 0, where `put` would see no change.
    this.setting.now = NaN;
    this.put(initial.now, initial.running);
  }

  /** The simulated instant, in ms since 1970. */
  now(): number {
    const { now, wall, running } = this.setting;
    // A wall that was turned back does not turn the simulated clock back.
    return running ? now + Math.max(0, Date.now() - wall) : now;
  }

  get running(): boolean {
    return this.setting.running === 1;
  }

  get activity(): number {
    return this.setting.activity;
  }

  put(now: number, running: boolean): void {
    if (!running && !this.running && now === this.setting.now) return;
    this.setting = { now, wall: Date.now(), running: running ? 1 : 0, activity: this.setting.activity };
    this.store.run(now, this.setting.wall, this.setting.running, this.setting.activity);
  }

  /** Called for each accepted write, performed operation, delivery attempt and change by the simulator. */
  countActivity(): void {
    this.setting.activity += 1;
    this.storeActivity.run(this.setting.activity);
  }
}

export const iso = (instant: number): string => new Date(instant).toISOString();
export const isoOrNull = (instant: number | null): string | null => (instant === null ? null : iso(instant));
