import { comparePositions, type Position } from './event-store';

interface Waiter {
  readonly position: Position;
  readonly resolve: (reached: boolean) => void;
}

/** A position that only moves forward, and callers that wait until it has passed another. */
export class PassedPosition {
  private readonly waiters = new Set<Waiter>();

  constructor(private position: Position | undefined) {}

  get value(): Position | undefined {
    return this.position;
  }

  get isAwaited(): boolean {
    return this.waiters.size > 0;
  }

  has(position: Position): boolean {
    return this.position !== undefined && comparePositions(this.position, position) >= 0;
  }

  moveTo(position: Position): void {
    if (!this.has(position)) this.position = position;
    for (const waiter of this.waiters) if (this.has(waiter.position)) waiter.resolve(true);
  }

  /** True once it has passed the position; false when `timeoutMs` passed before, or waiting was given up. */
  reached(position: Position, timeoutMs: number): Promise<boolean> {
    if (this.has(position)) return Promise.resolve(true);
    return new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => waiter.resolve(false), timeoutMs);
      const waiter: Waiter = {
        position,
        resolve: (reached) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(reached);
        },
      };
      this.waiters.add(waiter);
    });
  }

  giveUp(): void {
    for (const waiter of this.waiters) waiter.resolve(false);
  }
}
