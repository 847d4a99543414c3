interface Entry {
  readonly instant: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** Callbacks waiting for their instants: a binary heap, earliest first, first come first among equals. */
export class DueList {
  private heap: Entry[] = [];
  private added = 0;
  private cancelled = 0;

  /** The earliest instant that a callback waits for. */
  get next(): number | undefined {
    this.dropCancelled();
    return this.heap[0]?.instant;
  }

  add(instant: number, callback: () => void): () => void {
    if (Number.isNaN(instant)) throw new RangeError('The instant is not a number.');
    const entry: Entry = { instant, order: this.added++, callback };
    this.heap.push(entry);
    this.rise(this.heap.length - 1);
    return () => {
      if (entry.callback === undefined) return;
      entry.callback = undefined;
      this.cancelled += 1;
      if (this.cancelled > 64 && this.cancelled > this.heap.length / 2) this.dropAllCancelled();
    };
  }

  /** Calls everything due at `now`, in order. What is added meanwhile waits for the next round. */
  fire(now: number): void {
    const round = this.added;
    const later: Entry[] = [];
    for (let top = this.heap[0]; top !== undefined && top.instant <= now; top = this.heap[0]) {
      this.removeTop();
      if (top.order >= round) later.push(top);
      else call(top);
    }
    for (const entry of later) {
      this.heap.push(entry);
      this.rise(this.heap.length - 1);
    }
  }

  private dropCancelled(): void {
    while (this.heap[0] && this.heap[0].callback === undefined) this.removeTop();
  }

  /** What is cancelled deep inside would stay until its instant comes, which may be months. */
  private dropAllCancelled(): void {
    // A sorted array is a heap.
    this.heap = this.heap.filter((entry) => entry.callback !== undefined).sort(byInstant);
    this.cancelled = 0;
  }

  private removeTop(): void {
    if (this.heap[0]?.callback === undefined) this.cancelled -= 1;
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    this.sink();
  }

  private rise(index: number): void {
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.before(index, parent)) return;
      this.swap(index, parent);
      index = parent;
    }
  }

  private sink(): void {
    for (let index = 0; ;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let first = index;
      if (left < this.heap.length && this.before(left, first)) first = left;
      if (right < this.heap.length && this.before(right, first)) first = right;
      if (first === index) return;
      this.swap(index, first);
      index = first;
    }
  }

  private before(a: number, b: number): boolean {
    return byInstant(this.heap[a]!, this.heap[b]!) < 0;
  }

  private swap(a: number, b: number): void {
    [this.heap[a], this.heap[b]] = [this.heap[b]!, this.heap[a]!];
  }
}

const byInstant = (a: Entry, b: Entry) => a.instant - b.instant || a.order - b.order;

function call(entry: Entry): void {
  const callback = entry.callback;
  entry.callback = undefined;
  try {
    callback?.();
  } catch (error) {
    // One callback that throws must not keep the others from being called; its error surfaces as any timer's would.
    setImmediate(() => {
      throw error;
    });
  }
}
