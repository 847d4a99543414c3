/** A row of a table: never changed, but replaced by another one with the same `seq`. */
export interface Row {
  readonly seq: number;
}

/** A way to find rows, kept in step with its table. */
export interface Index<R extends Row> {
  add(row: R): void;
  remove(row: R): void;
}

/** The one row with a key. */
export class ByKey<R extends Row> implements Index<R> {
  private readonly rows = new Map<string, R>();

  constructor(private readonly keyOf: (row: R) => string) {}

  get(key: string): R | undefined {
    return this.rows.get(key);
  }

  add(row: R): void {
    this.rows.set(this.keyOf(row), row);
  }

  remove(row: R): void {
    this.rows.delete(this.keyOf(row));
  }
}

const none: readonly never[] = [];

/** The rows of each group, by `rank` and, where that is the same, in the order in which they came. */
export class InOrder<R extends Row> implements Index<R> {
  private readonly groups = new Map<string, R[]>();

  constructor(
    private readonly groupOf: (row: R) => string,
    private readonly rank: (row: R) => number = () => 0,
  ) {}

  /** Whoever changes rows meanwhile takes a copy. */
  of(group: string): readonly R[] {
    return this.groups.get(group) ?? none;
  }

  /** Each group that has rows, with them. */
  all(): Iterable<[string, readonly R[]]> {
    return this.groups;
  }

  add(row: R): void {
    const group = this.groupOf(row);
    const rows = this.groups.get(group);
    if (rows) rows.splice(this.placeOf(row, rows), 0, row);
    else this.groups.set(group, [row]);
  }

  remove(row: R): void {
    const group = this.groupOf(row);
    const rows = this.groups.get(group) ?? [];
    rows.splice(this.placeOf(row, rows), 1);
    if (rows.length === 0) this.groups.delete(group);
  }

  /** Where the row is, or belongs. */
  private placeOf(row: R, rows: readonly R[]): number {
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.isBefore(rows[middle] as R, row)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private isBefore(one: R, other: R): boolean {
    const [first, second] = [this.rank(one), this.rank(other)];
    return first === second ? one.seq < other.seq : first < second;
  }
}
