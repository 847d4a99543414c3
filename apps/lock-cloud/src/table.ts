import type { CloudDatabase, Kept, Query } from './database';
import type { Index, Row } from './rows';

type Stored = string | number | null;

export interface TableShape<R extends Row> {
  readonly name: string;
  /** Those beside `seq`, and what of a row stands in them. */
  readonly columns: Readonly<Record<string, (row: R) => Stored>>;
  readonly read: (stored: Record<string, Stored>) => R;
  readonly indexes: readonly Index<R>[];
}

/**
 * A table whose rows are all in memory, for nobody else has the file. A row is written with the transaction that changed
 * it, as it is by then; where that is undone, memory is as it was before.
 */
export class Table<R extends Row> implements Kept {
  private readonly rows = new Map<number, R>();
  /** The rows that the transaction under way has touched, as they were before. */
  private readonly before = new Map<number, R | undefined>();
  private readonly indexes;
  private readonly columns;
  private readonly store: Query<Stored[]>;
  private readonly erase: Query<[number]>;
  private last = 0;

  constructor(
    private readonly db: CloudDatabase,
    { name, columns, read, indexes }: TableShape<R>,
  ) {
    this.indexes = indexes;
    this.columns = Object.values(columns);
    const names = ['seq', ...Object.keys(columns)];
    this.store = db.compile(
      `INSERT OR REPLACE INTO ${name} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    );
    this.erase = db.compile(`DELETE FROM ${name} WHERE seq = ?`);
    const all = db.compile<[], Record<string, Stored>>(
      `SELECT ${names.join(', ')} FROM ${name} ORDER BY seq`,
    );
    for (const stored of all.all()) {
      const row = read(stored);
      this.set(row.seq, row);
      this.last = row.seq;
    }
    db.keep(this);
  }

  /** In the order in which they came. */
  all(): R[] {
    return [...this.rows.values()].sort((one, other) => one.seq - other.seq);
  }

  /** A number that no row has had since the start. */
  nextSeq(): number {
    this.last += 1;
    return this.last;
  }

  put(row: R): void {
    this.change(row.seq, row);
  }

  delete(row: R): void {
    this.change(row.seq, undefined);
  }

  get changes(): number {
    return this.before.size;
  }

  write(): void {
    for (const [seq, before] of this.before) {
      const row = this.rows.get(seq);
      if (row) this.store.run(seq, ...this.columns.map((column) => column(row)));
      else if (before) this.erase.run(seq);
    }
  }

  written(): void {
    this.before.clear();
  }

  undo(): void {
    for (const seq of this.before.keys()) this.set(seq, undefined);
    for (const [seq, row] of this.before) this.set(seq, row);
    this.before.clear();
  }

  private change(seq: number, row: R | undefined): void {
    this.db.transact(() => {
      if (!this.before.has(seq)) this.before.set(seq, this.rows.get(seq));
      this.set(seq, row);
    });
  }

  private set(seq: number, row: R | undefined): void {
    const present = this.rows.get(seq);
    if (present) for (const index of this.indexes) index.remove(present);
    if (row) {
      this.rows.set(seq, row);
      for (const index of this.indexes) index.add(row);
    } else {
      this.rows.delete(seq);
    }
  }
}
