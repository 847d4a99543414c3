import { chunks, type Database, type Engine, prepared } from '@latchkey/database';
import { type Kysely, sql } from 'kysely';
import { AGENDA, type AgendaRow, type AgendaTables } from './agenda-tables';
import type { Share } from './shares';

/** A row of the agenda that is due and that nobody has claimed. */
export interface UnclaimedRow {
  readonly subject: string;
  readonly kind: AgendaRow['kind'];
  readonly id: string;
  readonly deviceId: string | null;
  readonly dueAt: number;
  readonly version: number;
  readonly revision: number;
  readonly plannedRevision: number;
}

/** When a row is due, ms; null: when something happens, or something leaves the keypad. */
export interface PutOff {
  readonly row: UnclaimedRow;
  readonly until: number | null;
  readonly forKeypad: boolean;
}

/** How many rows one statement changes. */
const ROWS_AT_ONCE = 1_000;

/**
 * Rows that are due, looked at without a claim, which would write each of them twice. A row changes only if it is
 * still as it was read, and not claimed.
 */
export class UnclaimedRows {
  constructor(
    private readonly database: Database<AgendaTables>,
    private readonly options: {
      /** The wall clock, ms. */
      readonly wall: () => number;
      /** Resolves when this process has seen all events that are in the rows now, or will read the streams instead. */
      readonly heard?: () => Promise<void>;
    },
  ) {}

  /** Up to `most` rows that are due at `now` (ms) behind another one, the longest due first. None waits for its lock. */
  async due(now: number, most: number, after?: UnclaimedRow): Promise<UnclaimedRow[]> {
    const rows = await dueRows.rows(this.database.db, {
      ...{ now, most, wall: this.options.wall() },
      ...{ dueAfter: after?.dueAt ?? Number.MIN_SAFE_INTEGER, subjectAfter: after?.subject ?? '' },
    });
    return this.read(rows);
  }

  /** The same of one share, up to `most` behind another row. Codes on one device are beside each other. */
  async dueIn(share: Share, now: number, most: number, after?: UnclaimedRow): Promise<UnclaimedRow[]> {
    const { db } = this.database;
    const page = { now, most, wall: this.options.wall(), subjectAfter: after?.subject ?? '' };
    if (share.of === 'others') return this.read(await otherDueRows.rows(db, page));
    const { from, before } = share;
    const ofCodes = { ...page, from, deviceAfter: after?.deviceId ?? '' };
    return this.read(
      before === null
        ? await lastDueCodes.rows(db, ofCodes)
        : await dueCodes.rows(db, { ...ofCodes, before }),
    );
  }

  private async read(rows: readonly Read[]): Promise<UnclaimedRow[]> {
    if (rows.length > 0) await this.options.heard?.();
    return rows.map((row) => ({
      ...{ subject: row.subject, kind: row.kind, id: row.id, deviceId: row.device_id, dueAt: row.due_at! },
      ...{ version: row.version, revision: row.revision, plannedRevision: row.planned_revision },
    }));
  }

  /** Not before `until`: planned on what is in the rows. All in one commit: their pages are written once. */
  async putOff(all: readonly PutOff[]): Promise<void> {
    if (all.length <= ROWS_AT_ONCE) await this.putOffSome(this.database.db, all);
    else
      await this.database.transaction(async (trx) => {
        for (const some of chunks(all, ROWS_AT_ONCE)) await this.putOffSome(trx, some);
      });
  }

  private async putOffSome(db: Kysely<AgendaTables>, some: readonly PutOff[]): Promise<void> {
    if (some.length === 0) return;
    const read = some.map(({ row, until, forKeypad }) => ({ ...row, until, forKeypad: forKeypad ? 1 : 0 }));
    await putOffMany(this.database.engine, read, this.options.wall()).execute(db);
  }

  /** Nothing is left to do for these. */
  async drop(rows: readonly UnclaimedRow[]): Promise<void> {
    const { db, engine } = this.database;
    for (const some of chunks(rows, ROWS_AT_ONCE))
      await dropMany(engine, some, this.options.wall()).execute(db);
  }
}

type Read = Pick<
  AgendaRow,
  'subject' | 'kind' | 'id' | 'device_id' | 'due_at' | 'version' | 'revision' | 'planned_revision'
>;

interface Page {
  readonly now: number;
  readonly wall: number;
  readonly most: number;
  readonly subjectAfter: string;
}

const freeAndDue = (db: Kysely<AgendaTables>, p: Page) =>
  db
    .selectFrom(AGENDA)
    .select(['subject', 'kind', 'id', 'device_id', 'due_at', 'version', 'revision', 'planned_revision'])
    .where('due_at', '<=', p.now)
    .where((eb) => eb.or([eb('lease_owner', 'is', null), eb('lease_until', '<', p.wall)]))
    .where('waiting_for_lock', '=', 0)
    .limit(p.most);

const dueRows = prepared<AgendaTables, Page & { dueAfter: number }, Read>((db, p) =>
  freeAndDue(db, p)
    .where((eb) =>
      eb(eb.refTuple('due_at', 'subject'), '>', eb.tuple(eb.val(p.dueAfter), eb.val(p.subjectAfter))),
    )
    .orderBy('due_at')
    .orderBy('subject'),
);

const otherDueRows = prepared<AgendaTables, Page, Read>((db, p) =>
  freeAndDue(db, p)
    .where((eb) => eb.or([eb('kind', '!=', 'code'), eb('device_id', 'is', null)]))
    .where('subject', '>', p.subjectAfter)
    .orderBy('subject'),
);

type CodesPage = Page & { readonly from: string; readonly deviceAfter: string };

const dueCodesFrom = (db: Kysely<AgendaTables>, p: CodesPage) =>
  freeAndDue(db, p)
    .where('kind', '=', 'code')
    .where('device_id', '>=', p.from)
    .where((eb) =>
      eb(eb.refTuple('device_id', 'subject'), '>', eb.tuple(eb.val(p.deviceAfter), eb.val(p.subjectAfter))),
    )
    .orderBy('device_id')
    .orderBy('subject');

const lastDueCodes = prepared<AgendaTables, CodesPage, Read>(dueCodesFrom);

const dueCodes = prepared<AgendaTables, CodesPage & { before: string }, Read>((db, p) =>
  dueCodesFrom(db, p).where('device_id', '<', p.before),
);

/** What was read, as a table `read`; on PostgreSQL without the rows that another transaction holds. */
const asRead = (engine: Engine, rows: readonly UnclaimedRow[]) => {
  const json = JSON.stringify(rows);
  const agenda = sql.table(AGENDA);
  return engine === 'postgres'
    ? sql`given as (
        select given.* from jsonb_to_recordset(${json}::jsonb) as given(
          subject text, version int, revision bigint, "plannedRevision" bigint, "dueAt" bigint, until bigint,
          "forKeypad" int)),
      read as (
        select given.* from given join ${agenda} on ${agenda}.subject = given.subject
        for update of ${agenda} skip locked)`
    : sql`read as (
        select value->>'subject' as subject, value->>'version' as version, value->>'revision' as revision,
          value->>'plannedRevision' as "plannedRevision", value->>'dueAt' as "dueAt", value->>'until' as until,
          value->>'forKeypad' as "forKeypad"
        from json_each(${json}))`;
};

/** Whether a row is still as it was read, and not claimed. */
const isAsRead = (wall: number) => {
  const agenda = sql.table(AGENDA);
  return sql`${agenda}.subject = read.subject and ${agenda}.version = read.version
    and ${agenda}.revision = read.revision and ${agenda}.planned_revision = read."plannedRevision"
    and ${agenda}.due_at = read."dueAt" and (${agenda}.lease_owner is null or ${agenda}.lease_until < ${wall})`;
};

const putOffMany = (
  engine: Engine,
  rows: readonly (UnclaimedRow & { readonly until: number | null; readonly forKeypad: number })[],
  wall: number,
) => {
  const agenda = sql.table(AGENDA);
  return sql`
    with ${asRead(engine, rows)}
    update ${agenda} set
      due_at = read.until, planned_revision = read.revision, attempts = 0, lease_owner = null, lease_until = 0,
      for_keypad = read."forKeypad", waiting_since = 0
    from read where ${isAsRead(wall)}`;
};

const dropMany = (engine: Engine, rows: readonly UnclaimedRow[], wall: number) => {
  const agenda = sql.table(AGENDA);
  const these =
    engine === 'postgres'
      ? sql`using read where ${isAsRead(wall)}`
      : sql`where subject in (select ${agenda}.subject from read cross join ${agenda} on ${isAsRead(wall)})`;
  return sql`with ${asRead(engine, rows)} delete from ${agenda} ${these}`;
};
