import type { Position, ProjectionRunner } from '@latchkey/event-sourcing';

/** How far the views are that are built or brought up to date. */
export interface Progress {
  /** Events that the view furthest behind has folded or passed since the start. */
  readonly folded: number;
  /** Of about how many; undefined where that can't be told yet. */
  readonly of: number | undefined;
  readonly secondsLeft: number | undefined;
}

/** How far a view has been followed. */
export type Followed = Pick<ProjectionRunner, 'position' | 'passedCount'>;

/**
 * Tells how far views are on their way to the end of the event store. Positions are no numbers of events, so how
 * many there are is told by how far those so far have brought it.
 */
export class BuildingProgress {
  private readonly began: readonly bigint[];

  /**
   * @param end where the newest event stood when they began
   * @param now ms, of a clock that only goes forward
   */
  constructor(
    private readonly views: readonly Followed[],
    private readonly end: Position | undefined,
    private readonly now: () => number = () => performance.now(),
    private readonly startedAt = now(),
  ) {
    this.began = views.map(at);
  }

  get progress(): Progress {
    const end = this.end?.commit ?? 0n;
    const shares = this.views.map((view, n) => {
      const [done, all] = [at(view) - this.began[n]!, end - this.began[n]!];
      return { view, share: all <= 0n ? 1 : Math.min(1, Number(done) / Number(all)) };
    });
    // One that waits for another to be built has not begun, and says nothing of how far the others are.
    const [first, ...others] = shares.filter(({ view, share }) => view.position !== undefined || share === 1);
    if (!first) {
      const nothing = shares.length === 0 ? 0 : undefined;
      return { folded: 0, of: nothing, secondsLeft: nothing };
    }
    const last = others.reduce((a, b) => (b.share < a.share ? b : a), first);
    const folded = last.view.passedCount;
    if (last.share === 0) return { folded, of: undefined, secondsLeft: undefined };
    const elapsed = this.now() - this.startedAt;
    return {
      folded,
      of: Math.round(folded / last.share),
      secondsLeft: Math.ceil((elapsed * (1 - last.share)) / last.share / 1000),
    };
  }

  /** In one short line. */
  get text(): string {
    const { folded, of, secondsLeft } = this.progress;
    if (of === undefined) return 'the views are being built';
    return `the views are being built: ${folded} of about ${of} events, about ${secondsLeft} s left`;
  }
}

const at = ({ position }: Followed): bigint => position?.commit ?? 0n;
