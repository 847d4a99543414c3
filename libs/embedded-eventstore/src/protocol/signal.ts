/** Wakes one waiter; a notice given while nobody waits is kept. */
export class Signal {
  private noticed = false;
  private waiter: (() => void) | undefined;

  notify = (): void => {
    if (this.waiter) {
      const wake = this.waiter;
      this.waiter = undefined;
      wake();
    } else {
      this.noticed = true;
    }
  };

  wait(): Promise<void> {
    if (this.noticed) {
      this.noticed = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => (this.waiter = resolve));
  }
}

/** Lets whatever else is due run first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
