import { MINUTE } from '@latchkey/platform';
import { chunks, type Database, forUpdateSkipLocked, type Prepared, prepared } from '@latchkey/database';
import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import type { Tables } from '../tables';
import type { DueClaim, OfWorkspace } from './due-source';

/** The columns that a table of due work has besides its own. */
export interface DueColumns {
  subject: string;
  workspace_id: string;
  /** ms by our clock; null: not by itself. */
  due_at: number | null;
  /** Grows when something makes the subject due. */
  version: number;
  /** How many times in a row it has failed. */
  attempts: number;
  lease_owner: string | null;
  /** Wall clock, ms: a dead process's rows come back. */
  lease_until: number;
}

interface DueTable {
  due: DueColumns;
}

/** A process that has not settled what it claimed for this long, ms by the wall clock, is dead: other processes may claim its rows. */
const LEASE_MS = MINUTE;
/** How many rows are given back by one statement. */
const CHUNK = 500;

/** Makes the indexes that serve claims, where they are not there; the table has `DueColumns`. */
export async function createDueIndexes(db: Kysely<Tables>, table: string): Promise<void> {
  for (const [name, columns] of [
    ['by_due', ['due_at', 'subject']],
    ['by_workspace', ['workspace_id', 'due_at', 'subject']],
  ] as const) {
    await db.schema
      .createIndex(`${table}_${name}`)
      .ifNotExists()
      .on(table)
      .columns([...columns])
      .where(sql.ref('due_at'), 'is not', null)
      .execute();
  }
}

const isFree = (eb: ExpressionBuilder<DueTable, 'due'>, wall: number) =>
  eb.or([eb('lease_owner', 'is', null), eb('lease_until', '<', wall)]);

type Which = 'oldest' | 'oldest-of-workspace' | 'newest-of-workspace';

interface Wanted {
  owner: string;
  leaseUntil: number;
  now: number;
  wall: number;
  limit: number;
  workspaceId: string;
}

/** Claims rows of a table of due work, and gives them back. */
export class DueRows<Row extends DueColumns> {
  private readonly due: 'due';
  private readonly oldest: Prepared<DueTable, Wanted, Row>;
  private readonly ofWorkspace: Prepared<DueTable, Wanted, Row>;
  private readonly newestOf: Prepared<DueTable, Wanted, Row>;
  private readonly first: Prepared<DueTable, { wall: number }, { due_at: number | null }>;

  constructor(
    private readonly database: Database<Tables>,
    private readonly options: {
      readonly table: string;
      readonly owner: string;
      /** The wall clock, ms: leases are about processes, not about what is due. */
      readonly wall: () => number;
    },
  ) {
    this.due = options.table as 'due';
    this.oldest = prepared((db, p) => this.claiming(db, p, 'oldest'));
    this.ofWorkspace = prepared((db, p) => this.claiming(db, p, 'oldest-of-workspace'));
    this.newestOf = prepared((db, p) => this.claiming(db, p, 'newest-of-workspace'));
    this.first = prepared((db, p) =>
      db
        .selectFrom(this.due)
        .select('due_at')
        .where('due_at', 'is not', null)
        .where((eb) => isFree(eb, p.wall))
        .orderBy('due_at')
        .limit(1),
    );
  }

  /** Claims up to `limit` rows that are due at `now` (ms), the longest due first; see `DueSource`. */
  async claim(now: number, limit: number, of?: OfWorkspace): Promise<Row[]> {
    const { owner } = this.options;
    const wall = this.options.wall();
    const wanted = {
      owner,
      leaseUntil: wall + LEASE_MS,
      now,
      wall,
      limit,
      workspaceId: of?.workspaceId ?? '',
    };
    const statement = !of ? this.oldest : of.newest ? this.newestOf : this.ofWorkspace;
    const rows = await statement.rows(this.database.db as Kysely<DueTable>, wanted);
    return rows.sort((a, b) => a.due_at! - b.due_at! || (a.subject < b.subject ? -1 : 1));
  }

  /** When the first unclaimed row is due, ms; null: none will be by itself. */
  async nextDue(): Promise<number | null> {
    const wall = this.options.wall();
    const [row] = await this.first.rows(this.database.db as Kysely<DueTable>, { wall });
    return row?.due_at ?? null;
  }

  /** How many are due at `now` (ms) and unclaimed; counted up to `most`. */
  async waiting(now: number, most: number): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from (
        select 1 from ${sql.table(this.options.table)}
        where due_at is not null and due_at <= ${now}
          and (lease_owner is null or lease_until < ${this.options.wall()})
        limit ${most}
      ) as due`.execute(this.database.db);
    return Number(rows[0]!.count);
  }

  /** The workspaces that have something due at `now` (ms) unclaimed. Costs one lookup for each workspace. */
  async dueWorkspaces(now: number): Promise<string[]> {
    const table = sql.table(this.options.table);
    const { rows } = await sql<{ workspace_id: string }>`
      with recursive workspaces(workspace_id) as (
        select min(workspace_id) from ${table} where due_at is not null
        union all
        select (
          select min(later.workspace_id) from ${table} as later
          where later.workspace_id > workspaces.workspace_id and later.due_at is not null
        )
        from workspaces where workspaces.workspace_id is not null
      )
      select workspace_id from workspaces where exists (
        select 1 from ${table} as own
        where own.workspace_id = workspaces.workspace_id and own.due_at <= ${now}
          and (own.lease_owner is null or own.lease_until < ${this.options.wall()})
      )`.execute(this.database.db);
    return rows.map((row) => row.workspace_id);
  }

  /** Gives a row back as due as it is. */
  async release(subject: string): Promise<void> {
    await this.db
      .updateTable(this.due)
      .set({ lease_owner: null, lease_until: 0 })
      .where('subject', '=', subject)
      .execute();
  }

  /** Gives rows back as due as they are. */
  async releaseThese(subjects: readonly string[]): Promise<void> {
    for (const some of chunks(subjects, CHUNK)) {
      await this.db
        .updateTable(this.due)
        .set({ lease_owner: null, lease_until: 0 })
        .where('subject', 'in', some)
        .execute();
    }
  }

  /** Keeps unclaimed rows from being claimed until they are given back. @returns their subjects */
  async hold(subjects: readonly string[]): Promise<string[]> {
    const held: string[] = [];
    const { owner } = this.options;
    const wall = this.options.wall();
    for (const some of chunks(subjects, CHUNK)) {
      const rows = await this.db
        .updateTable(this.due)
        .set({ lease_owner: owner, lease_until: wall + LEASE_MS })
        .where('subject', 'in', some)
        .where((eb) => isFree(eb, wall))
        .returning('subject')
        .execute();
      for (const { subject } of rows) held.push(subject);
    }
    return held;
  }

  /** Gives back everything that was claimed: for the only process of an installation, at its start. */
  async releaseAll(): Promise<void> {
    await this.db
      .updateTable(this.due)
      .set({ lease_owner: null, lease_until: 0 })
      .where('lease_owner', 'is not', null)
      .execute();
  }

  private get db(): Kysely<DueTable> {
    return this.database.db as Kysely<DueTable>;
  }

  private claiming(db: Kysely<DueTable>, p: Wanted, which: Which) {
    const { engine } = this.database;
    return db
      .with('claimed', (query) => {
        const due = query
          .selectFrom(this.due)
          .select('subject')
          .where('due_at', '<=', p.now)
          .where((eb) => isFree(eb, p.wall))
          .$if(which !== 'oldest', (of) => of.where('workspace_id', '=', p.workspaceId))
          .orderBy('due_at', which === 'newest-of-workspace' ? 'desc' : 'asc')
          .orderBy('subject', which === 'newest-of-workspace' ? 'desc' : 'asc')
          .limit(p.limit);
        return due.modifyEnd(forUpdateSkipLocked(engine));
      })
      .updateTable(this.due)
      .set({ lease_owner: p.owner, lease_until: p.leaseUntil })
      .where('subject', 'in', (eb) => eb.selectFrom('claimed').select('claimed.subject'))
      .returningAll() as never;
  }
}

/** A claimed row as the work sees it. */
export const claimOf = (row: DueColumns): DueClaim => ({
  subject: row.subject,
  workspaceId: row.workspace_id,
  dueAt: row.due_at!,
  attempts: row.attempts,
});
