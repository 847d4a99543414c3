import { laterPosition, type Position } from '@latchkey/event-sourcing';

/** What was answered before the views had it. */
export class UnreadWrites {
  /** In the order in which they were answered, which is nearly that of their positions. */
  private readonly positions: Position[] = [];
  private latest: Position | undefined;

  /** @param isFolded whether the views have passed a position */
  constructor(private readonly isFolded: (position: Position) => boolean) {}

  add(position: Position): void {
    this.positions.push(position);
    this.latest = laterPosition(this.latest, position);
  }

  /** The last one that the views do not have; undefined: they have all. */
  get last(): Position | undefined {
    if (this.latest && this.isFolded(this.latest)) {
      this.positions.length = 0;
      this.latest = undefined;
    }
    return this.latest;
  }

  /** How many there are, at most. */
  get count(): number {
    let folded = 0;
    while (folded < this.positions.length && this.isFolded(this.positions[folded]!)) folded++;
    this.positions.splice(0, folded);
    return this.positions.length;
  }
}
