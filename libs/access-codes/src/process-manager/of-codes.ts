/** Rows that each belong to a code, changed in memory. */
export class OfCodes<Row extends { readonly codeId: string }> {
  private readonly rows = new Map<string, Row>();
  private readonly keysOf = new Map<string, Set<string>>();
  private readonly fresh = new Set<string>();
  private readonly gone = new Map<string, Row>();

  constructor(
    private readonly keyOf: (row: Row) => string,
    stored: readonly Row[],
  ) {
    for (const row of stored) this.keep(row);
  }

  put(row: Row): void {
    const key = this.keep(row);
    this.fresh.add(key);
    this.gone.delete(key);
  }

  /** @returns those that were the code's */
  dropOf(codeId: string): Row[] {
    const dropped: Row[] = [];
    for (const key of this.keysOf.get(codeId) ?? []) {
      const row = this.rows.get(key)!;
      dropped.push(row);
      this.rows.delete(key);
      this.fresh.delete(key);
      this.gone.set(key, row);
    }
    this.keysOf.delete(codeId);
    return dropped;
  }

  /** Those that are new, or other than they were. */
  get changed(): Row[] {
    return [...this.fresh].map((key) => this.rows.get(key)!);
  }

  /** Those that were there, or came, and are no more. */
  get dropped(): Row[] {
    return [...this.gone.values()];
  }

  private keep(row: Row): string {
    const key = this.keyOf(row);
    const before = this.rows.get(key);
    if (before) this.keysOf.get(before.codeId)?.delete(key);
    this.rows.set(key, row);
    const own = this.keysOf.get(row.codeId);
    if (own) own.add(key);
    else this.keysOf.set(row.codeId, new Set([key]));
    return key;
  }
}
