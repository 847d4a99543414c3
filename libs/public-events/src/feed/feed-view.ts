/** FeedView */
export const FEED_VIEW = Symbol('FEED_VIEW');

/** The feed as it is being folded. Where only this process writes, nothing waits for it but who asks it. */
export interface FeedView {
  /** Resolves when it tells of everything that this process has appended by now, or that takes too long. */
  caughtUp(): Promise<void>;
}
