import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '@latchkey/database';
import { Checkpoints, type Position, type ProjectionRunner, type Tables } from '@latchkey/event-sourcing';
import { type Config, lockUnlessHeld } from '@latchkey/platform';
import { type Kysely, sql } from 'kysely';
import { FreshView, NotReplayable } from './fresh-view';

export { NotReplayable };
import { type Home, type ReplayableView, replayableViews, type ReplayParts } from './replayable-views';

/** @throws {NotReplayable} that names those there are */
export function viewsNamed(parts: ReplayParts, name: string | undefined): readonly ReplayableView[] {
  const all = replayableViews(parts);
  const named = all.filter(({ projection }) => name === undefined || projection.name === name);
  if (named.length > 0) return named;
  const names = all.map(({ projection }) => projection.name).join(', ');
  throw new NotReplayable(`There is no view ${name}. There are: ${names}.`);
}

/** Where a view is read from. */
export const liveDatabase = (stores: ReplayParts['stores'], home: Home): Database<Tables> => stores[home];

/** By which name SQL reaches the tables that are read. */
export const liveSchema = ({ engine }: Database<Tables>, home: Home): string =>
  engine === 'sqlite' ? 'main' : home;

/**
 * How far the view that is read is folded.
 * @throws {NotReplayable} where this version of it has not been built yet
 */
export async function livePosition(
  database: Database<Tables>,
  { projection }: ReplayableView,
  db: Kysely<Tables> = database.db,
): Promise<Position | undefined> {
  const { name, version } = projection;
  const checkpoints = new Checkpoints(database, projection);
  const there = await checkpoints.load(db).catch(() => undefined);
  if (there && (await checkpoints.isBuilt())) return there.position;
  throw new NotReplayable(`The view ${name} (version ${version}) is not built yet: start the server once.`);
}

/** What a fresh view is folded for; part of the names of what it is folded into. */
export type Purpose = 'verify' | 'rebuild';

/** Opens a fresh view beside the one that is read. */
export function openFreshView(
  purpose: Purpose,
  view: ReplayableView,
  parts: ReplayParts,
): Promise<FreshView> {
  const live = liveDatabase(parts.stores, view.home);
  return FreshView.open(view, purpose, { ...parts, folder: folderOf(parts.config, purpose), live });
}

/** Lets SQL reach the fresh view's tables on the connection of those that are read, also inside a transaction. */
export async function attach({ place }: FreshView, db: Kysely<Tables>): Promise<void> {
  if (place.file !== undefined)
    await sql`attach database ${place.file} as ${sql.id(place.schema)}`.execute(db);
}

/** The end of that; not inside a transaction. */
export async function detach({ place }: FreshView, live: Database<Tables>): Promise<void> {
  if (place.file === undefined) return;
  const { rows } = await sql<{ name: string }>`select name from pragma_database_list`.execute(live.db);
  if (rows.some(({ name }) => name === place.schema))
    await sql`detach database ${sql.id(place.schema)}`.execute(live.db);
}

const folderOf = ({ dataDir }: Pick<Config, 'dataDir'>, purpose: string) => join(dataDir, purpose);

/**
 * Holds a purpose's folder, so that no two processes fold the same views beside.
 * @param kept what an earlier one has left there is gone on from
 * @throws {NotReplayable} where another process is at it
 */
export async function alone(
  purpose: Purpose,
  config: Config,
  work: () => Promise<void>,
  kept = false,
): Promise<void> {
  const folder = folderOf(config, purpose);
  const lock = lockUnlessHeld(folder);
  if (!lock) throw new NotReplayable(`Another process is at it: ${folder} is in use.`);
  let ended = false;
  try {
    await work();
    ended = true;
  } finally {
    lock.release();
    if (ended || !kept) rmSync(folder, { recursive: true, force: true });
  }
}

/** Told of each view before it is folded, and how far it is to be. */
export type Tell = (name: string, runner: ProjectionRunner, end: Position | undefined) => void;
