import { comparePositions, laterPosition, type Position, type RecordedEvent } from '../event-store';
import type { Archive } from './archive';

/** Goes through what is archived in the order of positions, and keeps the files open that it has more of to show. */
export class ArchiveCursor {
  private facts: AsyncIterator<RecordedEvent> | undefined;
  private head: RecordedEvent | undefined;
  private version = -1;

  /** @param after where it begins, and then how far it has come */
  constructor(
    private readonly archive: Archive,
    private readonly prefixes: readonly string[],
    private after: Position | undefined,
  ) {}

  /** The facts up to a position that have not come yet. */
  async *upTo(position: Position): AsyncGenerator<RecordedEvent> {
    for (;;) {
      const fact = await this.peek();
      if (!fact || comparePositions(fact.position, position) > 0) break;
      this.head = undefined;
      this.after = fact.position;
      yield fact;
    }
    this.after = laterPosition(this.after, position);
  }

  /** Leaves the files. */
  async close(): Promise<void> {
    const { facts } = this;
    this.facts = this.head = undefined;
    this.version = -1;
    await facts?.return?.();
  }

  /** What comes next, from the files as they are now. */
  private async peek(): Promise<RecordedEvent | undefined> {
    const { archive } = this;
    if (this.version !== archive.version) {
      await this.close();
      this.version = archive.version;
      if (archive.reachesBeyond(this.after))
        this.facts = archive.after(this.after, this.prefixes)[Symbol.asyncIterator]();
    }
    if (!this.head && this.facts) {
      const next = await this.facts.next();
      if (next.done) this.facts = undefined;
      else this.head = next.value;
    }
    return this.head;
  }
}
