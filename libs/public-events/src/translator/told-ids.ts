import { comparePositions, type EventStore, type Position } from '@latchkey/event-sourcing';
import { ownPublicEvent } from '../read-public-event';

const PAGE = 500;
/** How many pages of ids are kept behind where was looked last: a batch may come again. */
const PAGES_BEHIND = 10;

interface Page {
  readonly ids: ReadonlySet<string>;
  /** The source of its last event in order. */
  readonly last: Position;
}

/**
 * Finds by its id whether an event is in a public stream, for events that are looked for in the order of their
 * sources: it reads along with them, and keeps a window of the stream.
 */
export class ToldIds {
  private pages: Page[] = [];
  /** The source before which nothing is in the window. */
  private from: Position | undefined;
  /** The source up to which something has gone out of the window. */
  private droppedTo: Position | undefined;
  /** The revision to read on from. */
  private next = 0;
  private readonly late = new Set<string>();
  private lateSeenTo = 0;

  constructor(
    private readonly store: Pick<EventStore, 'read'>,
    private readonly stream: string,
    /** Events in one read. */
    private readonly page = PAGE,
  ) {}

  /** @param lastRevision where the stream ends */
  async has(id: string, source: Position, lastRevision: number): Promise<boolean> {
    if (!this.holds(source)) await this.beginAt(source, lastRevision);
    while (!this.reaches(source) && this.next <= lastRevision) await this.readOn();
    return this.pages.some((page) => page.ids.has(id)) || (await this.isLate(id, lastRevision));
  }

  private holds(source: Position): boolean {
    if (!this.from || comparePositions(source, this.from) < 0) return false;
    return !this.droppedTo || comparePositions(source, this.droppedTo) > 0;
  }

  private reaches(source: Position): boolean {
    const last = this.pages.at(-1)?.last;
    return last !== undefined && comparePositions(last, source) > 0;
  }

  /** Events in order are sorted by their sources: halves the stream until it has found where to begin. */
  private async beginAt(source: Position, lastRevision: number): Promise<void> {
    let [low, high] = [0, lastRevision + 1];
    while (high - low > this.page) {
      const middle = (low + high) >> 1;
      const found = await this.firstInOrder(middle);
      if (found && comparePositions(found, source) < 0) low = middle;
      else high = middle;
    }
    this.pages = [];
    this.droppedTo = undefined;
    this.from = source;
    this.next = low;
  }

  private async firstInOrder(fromRevision: number): Promise<Position | undefined> {
    for (let from = fromRevision; ; from += this.page) {
      let count = 0;
      for await (const event of this.store.read(this.stream, from, this.page)) {
        count++;
        const own = ownPublicEvent(event);
        if (own && !own.isLate) return own.source;
      }
      if (count < this.page) return undefined;
    }
  }

  private async readOn(): Promise<void> {
    const ids = new Set<string>();
    let last = this.pages.at(-1)?.last ?? this.from!;
    let next = this.next + this.page;
    for await (const event of this.store.read(this.stream, this.next, this.page)) {
      next = event.revision + 1;
      const own = ownPublicEvent(event);
      if (!own || own.isLate) continue;
      ids.add(event.id);
      last = own.source;
    }
    this.next = next;
    this.pages.push({ ids, last });
    if (this.pages.length <= PAGES_BEHIND) return;
    this.droppedTo = this.pages.shift()!.last;
  }

  /** Late events may stand anywhere: all of the stream is read for them, once, when one is not among the others. */
  private async isLate(id: string, lastRevision: number): Promise<boolean> {
    while (this.lateSeenTo <= lastRevision) {
      let next = this.lateSeenTo + this.page;
      for await (const event of this.store.read(this.stream, this.lateSeenTo, this.page)) {
        next = event.revision + 1;
        if (ownPublicEvent(event)?.isLate) this.late.add(event.id);
      }
      this.lateSeenTo = next;
    }
    return this.late.has(id);
  }
}
