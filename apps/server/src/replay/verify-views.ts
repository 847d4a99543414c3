import { type Database, patiently } from '@latchkey/database';
import {
  type EventStore,
  type NewEvent,
  type Position,
  positionToText,
  RevisionConflict,
  type Tables,
} from '@latchkey/event-sourcing';
import { type Kysely, sql } from 'kysely';
import {
  alone,
  attach,
  detach,
  liveDatabase,
  livePosition,
  liveSchema,
  openFreshView,
  type Tell,
  viewsNamed,
} from './beside';
import { comparedTable, type Difference, differencesOf, differingRows } from './differences';
import type { FreshView } from './fresh-view';
import type { ReplayableView, ReplayParts } from './replayable-views';

export interface VerifiedView {
  readonly view: string;
  /** Where both were compared; null where nothing has happened. */
  readonly position: string | null;
  readonly rows: number;
  readonly differing: number;
}

/**
 * Replays the facts into fresh tables beside the views that are read, and compares row by row, both as of one position.
 * Nothing that is read is changed; a server may run meanwhile.
 * @param name of one view; undefined: all of them
 * @throws {NotReplayable} for an unknown name, a view that is not built, or while another process verifies
 */
export async function verifyViews(
  parts: ReplayParts,
  name: string | undefined,
  { tell, onDifference }: { readonly tell: Tell; readonly onDifference: (found: Difference) => void },
): Promise<VerifiedView[]> {
  const verified: VerifiedView[] = [];
  await alone('verify', parts.config, async () => {
    for (const known of viewsNamed(parts, name)) {
      let missing = 0;
      const store = withoutAppends(parts.store, (stream, event) => {
        missing++;
        const what = { table: stream, key: event.id, column: null, expected: event.type, found: 'no event' };
        onDifference({ view: known.projection.name, ...what });
      });
      const [view] = viewsNamed({ ...parts, store }, known.projection.name) as [ReplayableView];
      const fresh = await openFreshView('verify', view, { ...parts, store });
      try {
        const compared = await compareAtOnePosition(fresh, parts, { tell, onDifference });
        verified.push({ ...compared, differing: compared.differing + missing });
      } finally {
        await fresh.remove();
      }
    }
  });
  return verified;
}

async function compareAtOnePosition(
  fresh: FreshView,
  { stores }: ReplayParts,
  told: { readonly tell: Tell; readonly onDifference: (found: Difference) => void },
): Promise<VerifiedView> {
  const { view, name } = fresh;
  const live = liveDatabase(stores, view.home);
  await foldTo(fresh, await livePosition(live, view), told.tell);
  const compared = await inSnapshot(live, async (db) => {
    // A server may have gone on meanwhile: what is read now is compared, and stands still.
    const position = await livePosition(live, view, db);
    await foldTo(fresh, position, told.tell);
    await attach(fresh, db);
    const { rows, differing } = await compare(fresh, live, db, told.onDifference);
    return { view: name, position: position ? positionToText(position) : null, rows, differing };
  });
  await detach(fresh, live);
  return compared;
}

async function foldTo(fresh: FreshView, position: Position | undefined, tell: Tell): Promise<void> {
  if (position) await fresh.fold(position, (runner) => tell(fresh.name, runner, position));
  else await fresh.prepare();
}

async function compare(
  fresh: FreshView,
  live: Database<Tables>,
  db: Kysely<Tables>,
  onDifference: (found: Difference) => void,
): Promise<Pick<VerifiedView, 'rows' | 'differing'>> {
  const { view, place, name } = fresh;
  const schema = liveSchema(live, view.home);
  const sides = { fresh: place.schema, live: schema };
  let [rows, differing] = [0, 0];
  for (const table of await fresh.tables()) {
    const compared = await comparedTable(db, live.engine, table, view.besidesEvents);
    const counted = await sql<{ n: number }>`select count(*) as n from ${sql.id(schema, table)}`.execute(db);
    rows += Number(counted.rows[0]!.n);
    const mustBeThere = view.mustBeThere?.(table, 'f', schema);
    const found = await differingRows(db, compared, sides, mustBeThere);
    differing += found.count;
    for (const row of found.rows) {
      if (await view.isRight?.(table, row)) differing--;
      else for (const difference of differencesOf(name, table, row)) onDifference(difference);
    }
  }
  return { rows, differing };
}

/** Everything that is read there stands still, and nobody who writes waits for it. */
function inSnapshot<T>(live: Database<Tables>, work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
  return live.engine === 'sqlite' ? inSqliteSnapshot(live.db, work) : inPostgresSnapshot(live.db, work);
}

async function inSqliteSnapshot<T>(db: Kysely<Tables>, work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
  // Not Kysely's transaction, which takes the lock of those who write. The one connection is all that reads here.
  await sql`begin`.execute(db);
  try {
    return await work(db);
  } finally {
    await sql`commit`.execute(db);
  }
}

function inPostgresSnapshot<T>(db: Kysely<Tables>, work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
  return patiently(() =>
    db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (trx) => {
        // Folding goes on in another connection while this one waits.
        await sql`set local idle_in_transaction_session_timeout = 0`.execute(trx);
        return work(trx);
      }),
  );
}

/** The store as it is read; what would be appended to it is told instead. */
function withoutAppends(store: EventStore, onAppend: (stream: string, event: NewEvent) => void): EventStore {
  return {
    append: async (stream, events, expected) => {
      // As the store would: what is to be appended may be there by now.
      const last = await lastRevision(store, stream);
      if (typeof expected === 'number' && expected !== last)
        throw new RevisionConflict(stream, expected, last);
      for (const event of events) onAppend(stream, event);
      return { revision: last + events.length, position: { commit: 0n, prepare: 0n } };
    },
    read: (...args) => store.read(...args),
    readBackwards: (...args) => store.readBackwards(...args),
    readAllBackwards: (...args) => store.readAllBackwards(...args),
    eventAt: (position) => store.eventAt(position),
    subscribeToAll: (options) => store.subscribeToAll(options),
    lastAppended: undefined,
    lastAppendedTo: () => undefined,
    truncateBefore: () => Promise.reject(new Error('nothing is changed')),
    ping: () => store.ping(),
    close: () => store.close(),
  };
}

async function lastRevision(store: EventStore, stream: string): Promise<number> {
  let last = -1;
  for await (const { revision } of store.readBackwards(stream, 1)) last = revision;
  return last;
}
