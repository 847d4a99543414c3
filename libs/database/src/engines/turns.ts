/** Hands one thing to one caller at a time, in the order they asked. */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private head = 0;
  private taken = false;

  /** Resolves when it is the caller's turn, which lasts until `give`. */
  take(): Promise<void> {
    if (!this.taken) {
      this.taken = true;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Ends the turn. */
  give(): void {
    const next = this.waiting[this.head];
    if (next === undefined) {
      this.taken = false;
      return;
    }
    this.head += 1;
    // The queue's used front is cut off now and then, not each time: that would cost as much as it is long.
    if (this.head === this.waiting.length || this.head > 1024) {
      this.waiting.splice(0, this.head);
      this.head = 0;
    }
    next();
  }
}
