import { closeSync, openSync, readSync } from 'node:fs';

const EVERY_MS = 1;

/**
 * How long this thread's event loop stands still. What the thread spends in the queue for a processor does not count:
 * on a busy machine that is somebody else's work. Where the system does not tell it (not Linux), it counts.
 */
export class LoopPauses {
  private readonly queue = openQueue();
  private readonly timer = setInterval(() => this.look(), EVERY_MS).unref();
  private at = this.now();
  private longestMs = 0;

  /** From here on. */
  reset(): void {
    this.at = this.now();
    this.longestMs = 0;
  }

  /** The longest pause since the last `reset`, ms. */
  longest(): number {
    this.look();
    return this.longestMs;
  }

  end(): void {
    clearInterval(this.timer);
    this.queue?.close();
  }

  private look(): void {
    const at = this.now();
    this.longestMs = Math.max(this.longestMs, at - this.at);
    this.at = at;
  }

  /** ms, standing still while the thread waits for a processor. */
  private now(): number {
    return performance.now() - (this.queue?.waitedMs() ?? 0);
  }
}

/** The kernel's account of this thread: ns on a processor, ns in the queue for one, turns. */
function openQueue(): { waitedMs(): number; close(): void } | undefined {
  let file: number;
  try {
    file = openSync('/proc/thread-self/schedstat', 'r');
  } catch {
    return undefined;
  }
  const line = Buffer.alloc(128);
  return {
    waitedMs: () =>
      Number(line.toString('latin1', 0, readSync(file, line, 0, line.length, 0)).split(' ')[1]) / 1e6,
    close: () => closeSync(file),
  };
}
