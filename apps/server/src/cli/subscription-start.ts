import { type Database, tablesOf } from '@latchkey/database';
import type { GroupSource, GroupStart } from '@latchkey/event-sourcing';
import { iso } from '@latchkey/platform';
import { FeedHistory, FEED_EVENTS, type FeedTables, PUBLIC_EVENTS } from '@latchkey/public-events';
import { Refusal } from './command-line';
import type { OpenedStores } from './stores';

/** Where a subscription begins: one of them, or the end. */
export interface StartOptions {
  readonly from?: 'beginning' | 'end';
  /** The first event from this instant on, ms. */
  readonly since?: number;
  /** The event at this place of the workspace's stream. */
  readonly revision?: number;
}

/** @throws {Refusal} where it can't begin there */
export async function startOf(
  { from, since, revision }: StartOptions,
  source: GroupSource,
  opened: OpenedStores,
): Promise<GroupStart> {
  if ([from, since, revision].filter((given) => given !== undefined).length > 1)
    throw new Refusal('Say once where it begins: --from, --since or --revision.');
  if (since === undefined && revision === undefined) return from ?? 'end';
  if (!('stream' in source))
    throw new Refusal('--since and --revision count in one workspace: leave out --all.');
  if (revision !== undefined) return { revision };
  return firstSince(since!, source.stream.slice(`${PUBLIC_EVENTS}-`.length), opened);
}

/** As the feed knows it: what it has not folded yet comes after all that it has. */
async function firstSince(
  since: number,
  workspaceId: string,
  { stores, clock }: OpenedStores,
): Promise<GroupStart> {
  const now = clock.now();
  // A group can't wait for an instant: it would be given what happens before it.
  if (since > now) throw new Refusal(`--since is in the future: it is ${iso(now)} now.`);
  const feed = stores.feed as unknown as Database<FeedTables>;
  if (!(await tablesOf(feed.db, feed.engine)).includes(FEED_EVENTS))
    throw new Refusal('The feed of this version is not built yet: start the server once.');
  const history = new FeedHistory(feed);
  return {
    revision: (await history.firstSince(workspaceId, since)) ?? (await history.lastRevision(workspaceId)) + 1,
  };
}
