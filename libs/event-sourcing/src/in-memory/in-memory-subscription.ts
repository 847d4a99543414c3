import {
  comparePositions,
  type EventSubscription,
  type Position,
  type RecordedEvent,
  type SubscribeOptions,
} from '../event-store';

const BATCH = 500;
const RETRY_MS = 5;

/** Follows a log in memory as a catch-up subscription follows a store. */
export class InMemorySubscription implements EventSubscription {
  private next: number;
  private stopped = false;
  private isCaughtUp = false;
  private woken = true;
  /** Events gather, which new ones do not cut short. */
  private lingering = false;
  private interrupt: () => void = () => undefined;
  private readonly done: Promise<void>;

  constructor(
    private readonly log: readonly RecordedEvent[],
    private readonly isThere: (event: RecordedEvent) => boolean,
    private readonly options: SubscribeOptions,
    private readonly onStopped: () => void,
  ) {
    const { after } = options;
    const isLater = ({ position }: { position: Position }) => !after || comparePositions(position, after) > 0;
    const first = log.findIndex(isLater);
    this.next = first === -1 ? log.length : first;
    this.done = this.run();
  }

  /** There may be more. */
  wake(): void {
    this.woken = true;
    if (!this.lingering) this.interrupt();
  }

  flush(): void {
    this.interrupt();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.interrupt();
    await this.done;
    this.onStopped();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.woken = false;
      if (this.next < this.log.length && (await this.gathered())) await this.handOver();
      if (this.stopped) return;
      if (this.next < this.log.length) continue;
      if (!this.isCaughtUp) this.options.onCaughtUp?.();
      this.isCaughtUp = true;
      if (!this.woken) await this.pause();
    }
  }

  /** Only what is new gathers: history is all there. */
  private async gathered(): Promise<boolean> {
    this.lingering = true;
    await this.pause(this.isCaughtUp ? (this.options.linger?.() ?? 0) : 0);
    this.lingering = false;
    return !this.stopped;
  }

  /** What comes next: events that were asked for, or how far none of them are. If it rejects, the same again. */
  private async handOver(): Promise<void> {
    const { prefixes, onEvents, onCheckpoint, onError } = this.options;
    const page = this.log.slice(this.next, this.next + BATCH);
    const isWanted = ({ stream }: RecordedEvent) => prefixes.some((prefix) => stream.startsWith(prefix));
    const wanted = page.filter((event) => isWanted(event) && this.isThere(event));
    const last = page.at(-1)!;
    try {
      if (wanted.length > 0) await onEvents(wanted);
      if (wanted.at(-1) !== last) await onCheckpoint?.(last.position);
      this.next += page.length;
    } catch (error) {
      if (this.stopped) return;
      onError?.(error);
      await this.pause(RETRY_MS);
    }
  }

  /** For so long, or until something happens. */
  private pause(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.interrupt = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
