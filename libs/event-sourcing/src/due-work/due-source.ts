/** A due item that this process has claimed. */
export interface DueClaim {
  readonly subject: string;
  readonly workspaceId: string;
  /** Since when it has been due, ms by our clock. */
  readonly dueAt: number;
  /** How many times in a row it has failed. */
  readonly attempts: number;
}

/** Which of the due work of a workspace. */
export interface OfWorkspace {
  readonly workspaceId: string;
  readonly newest?: boolean;
}

/** Where due work is kept. A claimed item is given to no other process until it is settled or its lease ends. */
export interface DueSource<C extends DueClaim> {
  /**
   * Claims up to `limit` items that are due at `now` (ms), the longest due first.
   * @param of of one workspace alone; `newest`: those that fell due last
   */
  claim(now: number, limit: number, of?: OfWorkspace): Promise<C[]>;
  /** The workspaces that have something due at `now` (ms) and unclaimed. */
  dueWorkspaces(now: number): Promise<string[]>;
  /** When the first unclaimed item is due, ms; null: none will be by itself. */
  nextDue(): Promise<number | null>;
  /** It failed: gives it back, to be tried again at `until` (ms) unless something happens before. */
  putOff(claim: C, until: number): Promise<void>;
}
