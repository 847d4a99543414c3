import type { Position } from '@latchkey/event-sourcing';
import { BuildingProgress, type Followed } from '../building/building-progress';

const SHOW_EVERY_MS = 250;

/** How far something has got, in one line that is written over: on a terminal alone, and never into what is shown. */
export class ProgressLine {
  private timer: NodeJS.Timeout | undefined;
  private width = 0;

  constructor(private readonly terminal: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr) {}

  /** From now on it tells of this one. @param end where it is going */
  follow(name: string, view: Followed, end: Position | undefined): void {
    if (!this.terminal.isTTY) return;
    this.clear();
    const begun = performance.now();
    const progress = new BuildingProgress([view], end);
    this.timer = setInterval(() => {
      const { folded, of, secondsLeft } = progress.progress;
      const rate = Math.round((folded * 1000) / Math.max(1, performance.now() - begun));
      const rest = of === undefined ? '' : ` of about ${of}, about ${secondsLeft} s left`;
      this.show(`${name}: ${folded} events${rest}, ${rate} events/s`);
    }, SHOW_EVERY_MS).unref();
  }

  clear(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    if (this.width > 0) this.show('');
    if (this.width > 0) this.terminal.write('\r');
    this.width = 0;
  }

  private show(text: string): void {
    this.terminal.write(`\r${text.padEnd(this.width)}`);
    this.width = text.length;
  }
}
