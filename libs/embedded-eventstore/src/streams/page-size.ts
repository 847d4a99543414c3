import { type StoredEvent } from '../storage/stored-event';

const TARGET_BYTES = 512 * 1024;
const SMALLEST = 8;
const LARGEST = 256;

/**
 * How many events to read at once: pages of about half a megabyte, so that no read holds up the loop or fills the
 * memory, be its events small or large.
 */
export class PageSize {
  private size = 32;

  get current(): number {
    return this.size;
  }

  learn(page: readonly StoredEvent[]): void {
    if (page.length === 0) return;
    const bytes = page.reduce((sum, event) => sum + 100 + event.data.length + event.metadata.length, 0);
    const wanted = Math.floor(TARGET_BYTES / (bytes / page.length));
    this.size = Math.min(LARGEST, Math.max(SMALLEST, wanted));
  }
}
