import type { CloudDatabase, Kept, Query } from './database';

/** Where the clock was last put: `now` (ms of the simulated time) at `wall` (ms of the machine's time). */
interface Setting {
  readonly now: number;
  readonly wall: number;
  readonly running: number;
  readonly activity: number;
}

/**
 * The simulated clock. Running, it moves with the wall from where it was last put, also while the process is down; else
 * it stands still. It also counts the cloud's activity, so that the process that drives the clock can tell whether
 * anything has happened in between. Where it was put is written with the next transaction.
 */
export class SimulatedClock implements Kept {
  private setting: Setting;
  private inFile: Setting | undefined;
  private activityBefore: number;
  private readonly store: Query<[number, number, number, number]>;

  /** `initial` counts only when the database holds no clock yet, or that is to be forgotten. */
  constructor(
    private readonly db: CloudDatabase,
    initial: { now: number; running: boolean },
    forget = false,
  ) {
    this.store = db.compile(
      'INSERT OR REPLACE INTO clock (id, now, wall, running, activity) VALUES (1, ?, ?, ?, ?)',
    );
    const stored = db.compile<[], Setting>('SELECT now, wall, running, activity FROM clock').get();
    this.inFile = stored;
    this.activityBefore = stored?.activity ?? 0;
    const begun = { now: initial.now, wall: Date.now(), running: initial.running ? 1 : 0 };
    this.setting = stored && !forget ? stored : { ...begun, activity: this.activityBefore };
    db.keep(this);
    this.save();
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
  }

  /** Writes where it was put, if that has not been written with something else. */
  save(): void {
    this.db.transact(() => undefined);
  }

  /** Called for each accepted write, performed operation, delivery attempt and change by the simulator. */
  countActivity(): void {
    const { now, wall, running, activity } = this.setting;
    this.setting = { now, wall, running, activity: activity + 1 };
  }

  get changes(): number {
    return this.setting === this.inFile ? 0 : 1;
  }

  write(): void {
    const { now, wall, running, activity } = this.setting;
    this.store.run(now, wall, running, activity);
  }

  written(): void {
    this.inFile = this.setting;
    this.activityBefore = this.setting.activity;
  }

  /** Time does not go back with what is undone. */
  undo(): void {
    this.setting = { ...this.setting, activity: this.activityBefore };
  }
}

export const iso = (instant: number): string => new Date(instant).toISOString();
export const isoOrNull = (instant: number | null): string | null => (instant === null ? null : iso(instant));
