import { type StoredEvent } from './stored-event';

/**
 * The newest events, in memory, so that live subscribers do not each go to the file. Bounded in number and bytes;
 * subscribers further behind read the file.
 */
export class RecentEvents {
  private events: StoredEvent[] = [];
  private bytes = 0;
  /** Every event above this position is here. */
  private floor: number;

  constructor(
    lastPosition: number,
    private readonly maxEvents = 4096,
    private readonly maxBytes = 8 * 1024 * 1024,
  ) {
    this.floor = lastPosition;
  }

  push(event: StoredEvent): void {
    this.events.push(event);
    this.bytes += sizeOf(event);
    if (this.events.length > this.maxEvents * 2 || this.bytes > this.maxBytes * 2) this.trim();
  }

  /** Up to `limit` events above `position`, or undefined when they are not all here. */
  after(position: number, limit: number): StoredEvent[] | undefined {
    if (position < this.floor) return undefined;
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.events[middle]!.position <= position) low = middle + 1;
      else high = middle;
    }
    return this.events.slice(low, low + limit);
  }

  /** Forgets all of them: they may have been erased from the file. */
  clear(lastPosition: number): void {
    this.events = [];
    this.bytes = 0;
    this.floor = lastPosition;
  }

  private trim(): void {
    let drop = 0;
    while (
      drop < this.events.length &&
      (this.events.length - drop > this.maxEvents || this.bytes > this.maxBytes)
    ) {
      this.bytes -= sizeOf(this.events[drop]!);
      drop += 1;
    }
    if (drop === 0) return;
    this.floor = this.events[drop - 1]!.position;
    this.events = this.events.slice(drop);
  }
}

function sizeOf(event: StoredEvent): number {
  // Twice: the event and, once somebody was sent it, its encoding.
  return 400 + 2 * (event.data.length + event.metadata.length);
}
