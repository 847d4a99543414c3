import { type Engine, forUpdateSkipLocked, prepared } from '@latchkey/database';
import type { AgendaTables } from './agenda-tables';

type Row = AgendaTables['agenda_v1'];

/** Claims what is due and nobody works on, the longest due first. */
export const claimDue = (engine: Engine) =>
  prepared<
    AgendaTables,
    { owner: string; leaseUntil: number; now: number; wall: number; limit: number },
    Pick<Row, 'subject' | 'kind' | 'id' | 'device_id' | 'version' | 'waiting_for_lock'>
  >((db, p) =>
    db
      .updateTable('agenda_v1')
      .set({ lease_owner: p.owner, lease_until: p.leaseUntil })
      .where('subject', 'in', (eb) => {
        const due = eb
          .selectFrom('agenda_v1')
          .select('subject')
          .where('due_at', '<=', p.now)
          .where((or) => or.or([or('lease_owner', 'is', null), or('lease_until', '<', p.wall)]))
          .orderBy('due_at')
          .orderBy('waiting_since')
          .orderBy('subject')
          .limit(p.limit);
        return due.modifyEnd(forUpdateSkipLocked(engine));
      })
      .returning(['subject', 'kind', 'id', 'device_id', 'version', 'waiting_for_lock']),
  );

/** The first of what nobody works on. */
export const firstDue = prepared<AgendaTables, { wall: number }, { due_at: number | null }>((db, p) =>
  db
    .selectFrom('agenda_v1')
    .select('due_at')
    .where('due_at', 'is not', null)
    .where((or) => or.or([or('lease_owner', 'is', null), or('lease_until', '<', p.wall)]))
    .orderBy('due_at')
    .limit(1),
);

/** Says when a row is due next, unless its own stream has gone on since it was planned, or something else has. */
export const settle = prepared<
  AgendaTables,
  {
    subject: string;
    version: number;
    revision: number;
    until: number | null;
    forKeypad: number;
    waitingForLock: number;
    waitingSince: number;
  },
  unknown
>((db, p) =>
  db
    .updateTable('agenda_v1')
    .set((eb) => ({
      // Cast: PostgreSQL would take a parameter beside a 0 for an int4.
      due_at: eb
        .case()
        .when('revision', '>', p.revision)
        .then(0)
        .else(eb.cast<number | null>(eb.val(p.until), 'bigint'))
        .end(),
      planned_revision: p.revision,
      lease_owner: null,
      lease_until: 0,
      for_keypad: p.forKeypad,
      waiting_for_lock: p.waitingForLock,
      waiting_since: p.waitingSince,
    }))
    .where('subject', '=', p.subject)
    .where('version', '=', p.version),
);

/** Takes a lock for a command, unless another code's is in flight there. */
export const takeLock = prepared<
  AgendaTables,
  { deviceId: string; commandId: string; codeId: string; now: number; until: number },
  { command_id: string }
>((db, p) =>
  db
    .insertInto('lock_leases_v1')
    .values({ device_id: p.deviceId, command_id: p.commandId, code_id: p.codeId, until: p.until })
    .onConflict((c) =>
      c
        .column('device_id')
        .doUpdateSet({ command_id: p.commandId, code_id: p.codeId, until: p.until })
        .where((eb) =>
          eb.or([eb('lock_leases_v1.until', '<=', p.now), eb('lock_leases_v1.code_id', '=', p.codeId)]),
        ),
    )
    .returning('command_id'),
);

/** Makes a code due by its own event, unless it was planned with that event known already. */
export const dueByEvent = prepared<
  AgendaTables,
  { subject: string; revision: number; dueAt: number },
  unknown
>((db, p) =>
  db
    .updateTable('agenda_v1')
    .set((eb) => ({
      revision: p.revision,
      due_at: eb.case().when('planned_revision', '>=', p.revision).then(eb.ref('due_at')).else(p.dueAt).end(),
    }))
    .where('subject', '=', p.subject),
);

/** A code that is known already is looked at when its reservation's grace is over, if not before. */
export const dueByReservation = prepared<AgendaTables, { subject: string; dueAt: number }, unknown>((db, p) =>
  db
    .updateTable('agenda_v1')
    .set((eb) => ({
      due_at: eb.case().when('due_at', '<', p.dueAt).then(eb.ref('due_at')).else(p.dueAt).end(),
      version: eb('version', '+', 1),
    }))
    .where('subject', '=', p.subject),
);

/** The lock is free: whoever has waited longest is next. */
export const wakeNext = prepared<AgendaTables, { deviceId: string }, unknown>((db, p) =>
  db
    .updateTable('agenda_v1')
    .set((eb) => ({ due_at: 0, waiting_for_lock: 2, version: eb('version', '+', 1) }))
    .where('subject', '=', (eb) =>
      eb
        .selectFrom('agenda_v1')
        .select('subject')
        .where('device_id', '=', p.deviceId)
        .where('waiting_for_lock', '=', 1)
        .orderBy('waiting_since')
        .orderBy('subject')
        .limit(1),
    ),
);

/** Frees the locks that a code's command had taken. */
export const freeOf = prepared<AgendaTables, { codeId: string }, { device_id: string }>((db, p) =>
  db.deleteFrom('lock_leases_v1').where('code_id', '=', p.codeId).returning('device_id'),
);

/** The lock that a code is for. */
export const deviceOfCode = prepared<AgendaTables, { subject: string }, { device_id: string | null }>(
  (db, p) => db.selectFrom('agenda_v1').select('device_id').where('subject', '=', p.subject),
);
