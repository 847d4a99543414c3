import { type Database, lockUntilCommit, patiently } from '@latchkey/database';
import {
  Checkpoints,
  comparePositions,
  type Position,
  positionToText,
  type Tables,
} from '@latchkey/event-sourcing';
import { type RawBuilder, sql, type Transaction } from 'kysely';
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
import { comparedTable, type ComparedTable } from './differences';
import type { FreshView } from './fresh-view';
import type { ReplayParts } from './replayable-views';

export interface RebuiltView {
  readonly view: string;
  /** How far it is folded now; null where nothing has happened. */
  readonly position: string | null;
  /** Events that were folded; those that an earlier process had folded apart. */
  readonly events: number;
  /** Rows that were missing, that were not what the facts make of them, and that no fact tells of. */
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

/**
 * Folds views again beside those that are read, and then puts each in the place of the old one: in one transaction, as
 * of one position. A server may run meanwhile, and goes on from there; readers see the old rows or the new ones. What
 * is left behind when the process ends early is gone on from.
 * @param name of one view; undefined: all of them
 * @throws {NotReplayable} for an unknown name, a view that was never built, or while another process rebuilds
 */
export async function rebuildViews(
  parts: ReplayParts,
  name: string | undefined,
  { tell, onRebuilt }: { readonly tell: Tell; readonly onRebuilt: (rebuilt: RebuiltView) => void },
): Promise<void> {
  const views = viewsNamed(parts, name);
  for (const view of views) await livePosition(liveDatabase(parts.stores, view.home), view);
  const work = async (): Promise<void> => {
    const folded: { fresh: FreshView; events: number }[] = [];
    try {
      // All are folded before one is put in its place: what a crash cuts off begins where it was.
      for (const view of views) {
        const fresh = await openFreshView('rebuild', view, parts);
        folded.push({ fresh, events: 0 });
        folded.at(-1)!.events = await foldToEnd(fresh, parts, tell);
      }
      for (const { fresh, events } of folded) {
        onRebuilt({ view: fresh.name, events, ...(await putInPlace(fresh, parts)) });
      }
    } catch (error) {
      for (const { fresh } of folded) await fresh.close();
      throw error;
    }
    for (const { fresh } of folded) await fresh.remove();
  };
  await alone('rebuild', parts.config, work, true);
}

async function foldToEnd(fresh: FreshView, { store }: ReplayParts, tell: Tell): Promise<number> {
  const end = await store.ping();
  let passed = (): number => 0;
  await fresh.fold(undefined, (runner) => {
    passed = () => runner.passedCount;
    tell(fresh.name, runner, end);
  });
  return passed();
}

/** The rows of one view as they were folded again, in place of those that are read, and how far they are folded. */
async function putInPlace(
  fresh: FreshView,
  { stores, clock }: ReplayParts,
): Promise<Omit<RebuiltView, 'view' | 'events'>> {
  const { view, database } = fresh;
  const live = liveDatabase(stores, view.home);
  const checkpoints = new Checkpoints(live, view.projection);
  // What has happened while other views were folded is folded before the server has to wait.
  await catchUpWith(fresh, (await checkpoints.load())?.position);
  try {
    return await patiently(() =>
      live.transaction(async (trx) => {
        await lockUntilCommit(trx, live.engine, `projection ${fresh.name}`);
        // From here on the server waits with folding more into the view.
        const stored = (await checkpoints.lock(trx))?.position;
        await catchUpWith(fresh, stored);
        await attach(fresh, trx);
        const counts = await replaceRows(fresh, live, trx);
        const now = await new Checkpoints(database, view.projection).load();
        await checkpoints.store(trx, now?.position, now?.lastEvent, clock.now());
        const position = now?.position ? positionToText(now.position) : null;
        return { position, ...counts };
      }),
    );
  } finally {
    await detach(fresh, live);
  }
}

async function catchUpWith(fresh: FreshView, live: Position | undefined): Promise<void> {
  const position = await fresh.position();
  if (live && (!position || comparePositions(position, live) < 0)) await fresh.fold(live, () => undefined);
}

async function replaceRows(fresh: FreshView, live: Database<Tables>, trx: Transaction<Tables>) {
  const { view, place, name } = fresh;
  const schema = liveSchema(live, view.home);
  const counts = { added: 0, changed: 0, removed: 0 };
  for (const table of await fresh.tables()) {
    const compared = await comparedTable(trx, live.engine, table, view.besidesEvents);
    const each = new TableReplacement(compared, place.schema, schema);
    counts.removed += await each.remove(trx);
    counts.changed += await each.change(trx);
    counts.added += await each.add(trx, view.mustBeThere?.(table, 'f', schema));
  }
  // What it was built without is not built without any more.
  await trx.deleteFrom('parked_events').where('projection', '=', name).execute();
  await sql`insert into ${sql.id(schema, 'parked_events')} select * from ${sql.id(place.schema, 'parked_events')}
    where projection = ${name}`.execute(trx);
  await view.projection.index?.(trx);
  return counts;
}

/** Statements that make a table's rows those of another schema's; columns that change by more than events stay. */
class TableReplacement {
  private readonly fresh: RawBuilder<unknown>;
  private readonly live: RawBuilder<unknown>;
  private readonly sameKey: RawBuilder<unknown>;

  constructor(
    private readonly table: ComparedTable,
    fresh: string,
    live: string,
  ) {
    this.fresh = sql.id(fresh, table.name);
    this.live = sql.id(live, table.name);
    const sames = table.key.map((column) => sql`${sql.id('f', column)} = ${sql.id('l', column)}`);
    this.sameKey = sql.join(sames, sql` and `);
  }

  remove(trx: Transaction<Tables>): Promise<number> {
    const { fresh, live, sameKey } = this;
    return affected(
      sql`delete from ${live} as l where not exists (select 1 from ${fresh} as f where ${sameKey})`,
      trx,
    );
  }

  async change(trx: Transaction<Tables>): Promise<number> {
    const { fresh, live, sameKey, table } = this;
    if (table.columns.length === 0) return 0;
    const sets = table.columns.map((column) => sql`${sql.id(column)} = ${sql.id('f', column)}`);
    const differ = table.columns.map(
      (column) => sql`${sql.id('l', column)} is distinct from ${sql.id('f', column)}`,
    );
    return affected(
      sql`update ${live} as l set ${sql.join(sets)} from ${fresh} as f
        where ${sameKey} and (${sql.join(differ, sql` or `)})`,
      trx,
    );
  }

  add(trx: Transaction<Tables>, mustBeThere: RawBuilder<boolean> | undefined): Promise<number> {
    const { fresh, live, sameKey, table } = this;
    const all = sql.join(table.all.map((column) => sql.id(column)));
    const allowed = mustBeThere ?? sql`true`;
    return affected(
      sql`insert into ${live} (${all}) select ${all} from ${fresh} as f
        where not exists (select 1 from ${live} as l where ${sameKey}) and ${allowed}`,
      trx,
    );
  }
}

async function affected(statement: RawBuilder<unknown>, trx: Transaction<Tables>): Promise<number> {
  return Number((await statement.execute(trx)).numAffectedRows ?? 0n);
}
