import { type Engine, prepared } from '@latchkey/database';
import { sql } from 'kysely';
import {
  AGENDA,
  type AgendaRow,
  type AgendaTables,
  LOCK_CODES,
  type LockRow,
  LOCKS,
  WAKES,
} from './agenda-tables';

/** What a subject was planned to do next, if nothing has happened since. */
export interface Planned {
  subject: string;
  /** The version that was claimed. */
  version: number;
  /** The revision of its stream that it was planned on. */
  revision: number;
  /** ms; null: not before something happens. */
  until: number | null;
  now: number;
  forKeypad: number;
  waitingForLock: number;
  waitingSince: number;
}

/**
 * When the first unclaimed row is due, and since when rows should have been due that are still to be made so, ms. Asked
 * many times for each piece of work: one statement.
 */
export const firstUnclaimed = prepared<
  AgendaTables,
  { wall: number },
  { due: number | null; since: number | null }
>((db, p) =>
  db.selectNoFrom((eb) => [
    eb
      .selectFrom(AGENDA)
      .select('due_at')
      .where('due_at', 'is not', null)
      .where((of) => of.or([of('lease_owner', 'is', null), of('lease_until', '<', p.wall)]))
      .orderBy('due_at')
      .limit(1)
      .as('due'),
    eb
      .selectFrom(WAKES)
      .select((of) => of.fn.min('due_at').as('due_at'))
      .as('since'),
  ]),
);

/**
 * Sets when a row is due next, unless its own stream has new events since it was planned, or something else has
 * happened.
 */
export const settleOne = prepared<AgendaTables, Planned, unknown>((db, p) =>
  db
    .updateTable(AGENDA)
    .set((eb) => ({
      // Cast: PostgreSQL can't infer the type of a parameter in a case.
      due_at: eb
        .case()
        .when('revision', '>', p.revision)
        .then(eb.cast<number | null>(eb.val(p.now), 'bigint'))
        .else(eb.cast<number | null>(eb.val(p.until), 'bigint'))
        .end(),
      planned_revision: p.revision,
      attempts: 0,
      lease_owner: null,
      lease_until: 0,
      for_keypad: p.forKeypad,
      waiting_for_lock: p.waitingForLock,
      waiting_since: p.waitingSince,
    }))
    .where('subject', '=', p.subject)
    .where('version', '=', p.version),
);

/**
 * The same for many. On PostgreSQL rows that another transaction holds are skipped: two transactions that write many rows
 * must not wait for each other.
 * Its rows are the subjects that were settled.
 */
export const settleMany = (engine: Engine, planned: readonly Planned[]) => {
  const json = JSON.stringify(planned);
  const agenda = sql.table(AGENDA);
  const given =
    engine === 'postgres'
      ? sql`select given.* from jsonb_to_recordset(${json}::jsonb) as given(
          subject text, version int, revision bigint, until bigint, now bigint, "forKeypad" int,
          "waitingForLock" int, "waitingSince" bigint)`
      : sql`select value->>'subject' as subject, value->>'version' as version, value->>'revision' as revision,
          value->>'until' as until, value->>'now' as now, value->>'forKeypad' as "forKeypad",
          value->>'waitingForLock' as "waitingForLock", value->>'waitingSince' as "waitingSince"
          from json_each(${json})`;
  const free =
    engine === 'postgres'
      ? sql`, free as (
          select subject from ${agenda} join given using (subject) for update of ${agenda} skip locked)`
      : sql``;
  const isFree = engine === 'postgres' ? sql`and ${agenda}.subject in (select subject from free)` : sql``;
  return sql<{ subject: string }>`
    with given as (${given}) ${free}
    update ${agenda} set
      due_at = case when ${agenda}.revision > given.revision then given.now else given.until end,
      planned_revision = given.revision, attempts = 0, lease_owner = null, lease_until = 0,
      for_keypad = given."forKeypad", waiting_for_lock = given."waitingForLock",
      waiting_since = given."waitingSince"
    from given where ${agenda}.subject = given.subject and ${agenda}.version = given.version ${isFree}
    returning ${agenda}.subject`;
};

/** Drops a row that was claimed, unless something has happened since. */
export const dropClaimed = prepared<
  AgendaTables,
  { subject: string; version: number; revision: number },
  unknown
>((db, p) =>
  db
    .deleteFrom(AGENDA)
    .where('subject', '=', p.subject)
    .where('version', '=', p.version)
    .where('revision', '<=', p.revision),
);

/** Drops a row whose own stream has no new events since, whichever process has claimed it. */
export const dropGone = prepared<AgendaTables, { subject: string; revision: number }, unknown>((db, p) =>
  db.deleteFrom(AGENDA).where('subject', '=', p.subject).where('revision', '<=', p.revision),
);

/** It failed: not before `until`, unless something has happened since it was claimed. */
export const putOff = prepared<
  AgendaTables,
  { subject: string; version: number; revision: number; attempts: number; until: number },
  unknown
>((db, p) =>
  db
    .updateTable(AGENDA)
    .set((eb) => ({
      due_at: eb
        .case()
        .when(eb.and([eb('version', '=', p.version), eb('revision', '=', p.revision)]))
        .then(eb.cast<number | null>(eb.val(p.until), 'bigint'))
        .else(eb.ref('due_at'))
        .end(),
      attempts: p.attempts,
      lease_owner: null,
      lease_until: 0,
    }))
    .where('subject', '=', p.subject),
);

/** Makes a code due by its own event, unless it was planned with that event known already. */
export const dueByEvent = prepared<
  AgendaTables,
  { subject: string; revision: number; dueAt: number },
  unknown
>((db, p) =>
  db
    .updateTable(AGENDA)
    .set((eb) => ({
      revision: p.revision,
      due_at: eb.case().when('planned_revision', '>=', p.revision).then(eb.ref('due_at')).else(p.dueAt).end(),
    }))
    .where('subject', '=', p.subject),
);

/**
 * The same where what happened was planned for already (`until`, ms). A code that waits for its lock or for its keypad is
 * due now: its place in line is given on by its work.
 */
export const plannedByEvent = prepared<
  AgendaTables,
  { subject: string; revision: number; dueAt: number; plannedOn: number; until: number | null },
  unknown
>((db, p) =>
  db
    .updateTable(AGENDA)
    .set((eb) => {
      const isPlanned = eb('planned_revision', '>=', p.revision);
      const waits = eb.or([eb('waiting_for_lock', '<>', 0), eb('for_keypad', '<>', 0)]);
      return {
        revision: p.revision,
        due_at: eb
          .case()
          .when(isPlanned)
          .then(eb.ref('due_at'))
          .when(waits)
          .then(p.dueAt)
          // Cast: PostgreSQL can't infer the type of a parameter in a case.
          .else(eb.cast<number | null>(eb.val(p.until), 'bigint'))
          .end(),
        planned_revision: eb
          .case()
          .when(eb.or([isPlanned, waits]))
          .then(eb.ref('planned_revision'))
          .else(p.plannedOn)
          .end(),
      };
    })
    .where('subject', '=', p.subject),
);

/** The lock that a code is for. */
export const deviceOfCode = prepared<AgendaTables, { subject: string }, { device_id: string | null }>(
  (db, p) => db.selectFrom(AGENDA).select('device_id').where('subject', '=', p.subject),
);

/** The code that is under this id on a lock. */
export const codeOnLock = prepared<
  AgendaTables,
  { deviceId: string; lockCodeId: string },
  { code_id: string }
>((db, p) =>
  db
    .selectFrom(LOCK_CODES)
    .select('code_id')
    .where('device_id', '=', p.deviceId)
    .where('lock_code_id', '=', p.lockCodeId),
);

/** Every code of ours on a lock. */
export const codesOnLock = prepared<
  AgendaTables,
  { deviceId: string },
  { lock_code_id: string; code_id: string }
>((db, p) =>
  db.selectFrom(LOCK_CODES).select(['lock_code_id', 'code_id']).where('device_id', '=', p.deviceId),
);

/** Codes that a device has on its agenda, in the order of their subjects. */
export const codesOfDevice = prepared<
  AgendaTables,
  { deviceId: string; after: string; most: number },
  Pick<AgendaRow, 'subject' | 'id'>
>((db, p) =>
  db
    .selectFrom(AGENDA)
    .select(['subject', 'id'])
    .where('device_id', '=', p.deviceId)
    .where('kind', '=', 'code')
    .where('subject', '>', p.after)
    .orderBy('subject')
    .limit(p.most),
);

/** The locks of an account. */
export const locksOfAccount = prepared<AgendaTables, { accountId: string }, LockRow>((db, p) =>
  db.selectFrom(LOCKS).selectAll().where('account_id', '=', p.accountId),
);

/** One lock of an account. */
export const lockOfAccount = prepared<
  AgendaTables,
  { accountId: string; maker: string; lockId: string },
  LockRow
>((db, p) =>
  db
    .selectFrom(LOCKS)
    .selectAll()
    .where('maker', '=', p.maker)
    .where('lock_id', '=', p.lockId)
    .where('account_id', '=', p.accountId),
);

/** What the maker reported of a lock when it was last read back. */
export const readBackWas = prepared<AgendaTables, { deviceId: string; updatedAt: string | null }, unknown>(
  (db, p) => db.updateTable(LOCKS).set({ read_back_of: p.updatedAt }).where('device_id', '=', p.deviceId),
);

/** Makes a subject due. */
export const makeDue = prepared<AgendaTables, { subject: string; dueAt: number }, unknown>((db, p) =>
  db
    .updateTable(AGENDA)
    .set((eb) => ({ due_at: p.dueAt, version: eb('version', '+', 1) }))
    .where('subject', '=', p.subject),
);

/** The same, unless it is due by an instant anyway. */
export const makeDueUnless = prepared<
  AgendaTables,
  { subject: string; dueAt: number; unlessBy: number },
  unknown
>((db, p) =>
  db
    .updateTable(AGENDA)
    .set((eb) => ({ due_at: p.dueAt, version: eb('version', '+', 1) }))
    .where('subject', '=', p.subject)
    .where((eb) => eb.or([eb('due_at', 'is', null), eb('due_at', '>', p.unlessBy)])),
);
