/**
 * Places for work under way, shared by workspaces. One may have as many as are still free: alone it gets half of
 * them, and however much it has waiting or hanging, the next one gets a place at once.
 */
export class Shares {
  private readonly taken = new Map<string, number>();
  private total = 0;

  constructor(private readonly places: number) {}

  get free(): number {
    return this.places - this.total;
  }

  /** How many more places a workspace may take. */
  allowance(workspaceId: string): number {
    return this.beside(this.taken.get(workspaceId) ?? 0);
  }

  /** How many more any workspace may take, whichever it is. */
  get allowanceOfAny(): number {
    return this.beside(Math.max(0, ...this.taken.values()));
  }

  take(workspaceId: string, count = 1): void {
    this.total += count;
    this.taken.set(workspaceId, (this.taken.get(workspaceId) ?? 0) + count);
  }

  give(workspaceId: string, count = 1): void {
    this.total -= count;
    const left = (this.taken.get(workspaceId) ?? 0) - count;
    if (left > 0) this.taken.set(workspaceId, left);
    else this.taken.delete(workspaceId);
  }

  private beside(own: number): number {
    return Math.max(0, Math.ceil((this.free - own) / 2));
  }
}
