import type { DueClaim, DueSource } from './due-source';
import type { Shares } from './shares';

/** How many are claimed at once, at most. */
const BATCH = 64;
const NEWEST_ONE_IN = 4;

/**
 * Claims what is due, the longest due first; when more is due than can be begun, in turns between workspaces, so
 * that one does not keep the others waiting.
 */
export class FairClaims<C extends DueClaim> {
  private crowded = false;
  /** Whether a workspace had more due in this round than could be claimed. */
  private leftOver = true;
  /** Workspaces that have their turn still to come in this round. */
  private round: string[] = [];
  private rounds = 0;
  private turns = 0;

  constructor(
    private readonly source: DueSource<C>,
    private readonly shares: Shares,
  ) {}

  /** Whether more may have been due than was claimed last. */
  get mayHaveLeft(): boolean {
    return this.crowded;
  }

  /** Claims some of what is due at `now` (ms), and takes a place for each. */
  async next(now: number): Promise<C[]> {
    if (this.shares.free <= 0) return [];
    if (!this.crowded) {
      const limit = Math.min(BATCH, this.shares.allowanceOfAny);
      const claimed = limit > 0 ? this.placed(await this.source.claim(now, limit)) : [];
      this.crowded = claimed.length === limit;
      this.leftOver = true;
      if (!this.crowded || claimed.length > 0) return claimed;
    }
    const claimed = await this.inTurn(now);
    if (claimed.length > 0) return claimed;
    const due = await this.source.dueWorkspaces(now);
    if (due.length === 0) this.crowded = false;
    // The first workspace finds more places free than the last one: each round begins with another one.
    const begin = due.length === 0 ? 0 : this.rounds++ % due.length;
    this.round = [...due.slice(begin), ...due.slice(0, begin)];
    this.leftOver = due.length === 0;
    return this.inTurn(now);
  }

  private async inTurn(now: number): Promise<C[]> {
    const claimed: C[] = [];
    try {
      while (this.round.length > 0 && this.shares.free > 0 && claimed.length < BATCH) {
        const share = Math.ceil(Math.min(BATCH, this.shares.free) / this.round.length);
        const workspaceId = this.round.shift()!;
        const limit = Math.min(share, this.shares.allowance(workspaceId));
        const before = claimed.length;
        if (limit > 0) await this.claimOf(workspaceId, now, limit, claimed);
        if (claimed.length - before === limit) this.leftOver = true;
      }
    } catch (error) {
      // What is claimed already is worked on; the next claim tells whether the rows can be read again.
      if (claimed.length === 0) throw error;
      this.leftOver = true;
    }
    // Every workspace had less due than it could have claimed: turns are not needed any more.
    if (this.round.length === 0 && !this.leftOver) this.crowded = false;
    return claimed;
  }

  /** A quarter of a workspace's places is for what fell due last: it does not wait for all that came before. */
  private async claimOf(workspaceId: string, now: number, limit: number, claimed: C[]): Promise<void> {
    const newest = limit < NEWEST_ONE_IN ? Number(this.turns++ % NEWEST_ONE_IN === 0) : limit / NEWEST_ONE_IN;
    const last = Math.min(limit, Math.floor(newest));
    const rest = limit - last;
    if (last > 0)
      claimed.push(...this.placed(await this.source.claim(now, last, { workspaceId, newest: true })));
    if (rest > 0) claimed.push(...this.placed(await this.source.claim(now, rest, { workspaceId })));
  }

  private placed(claimed: C[]): C[] {
    for (const { workspaceId } of claimed) this.shares.take(workspaceId);
    return claimed;
  }
}
