/** A piece of work that was due and is in this process's hands. */
export interface DueClaim {
  readonly subject: string;
  readonly workspaceId: string;
  /** Since when it has been due, ms by our clock. */
  readonly dueAt: number;
  /** How often in a row it has failed. */
  readonly attempts: number;
}

/** Which of the due work of a workspace. */
export interface OfWorkspace {
  readonly workspaceId: string;
  readonly newest?: boolean;
}

/** Where due work is kept. What is claimed nobody else gets, until it is settled or its lease ends. */
export interface DueSource<C extends DueClaim> {
  /**
   * Claims up to `limit` pieces of work that are due at `now` (ms), the longest due first.
   * @param of of one workspace alone; `newest`: those that fell due last
   */
  claim(now: number, limit: number, of?: OfWorkspace): Promise<C[]>;
  /** The workspaces that have something due at `now` (ms) which nobody works on. */
  dueWorkspaces(now: number): Promise<string[]>;
  /** When the first of what nobody works on falls due, ms; null: nothing will by itself. */
  nextDue(): Promise<number | null>;
  /** It failed: gives it back, to be tried again at `until` (ms) unless something happens before. */
  putOff(claim: C, until: number): Promise<void>;
}
