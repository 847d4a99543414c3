import { type Database, forUpdateSkipLocked, prepared } from '@latchkey/database';
import type { Kysely, Transaction } from 'kysely';
import { AGENDA, type AgendaTables, WAKES, type WakeRow } from './agenda-tables';

type Trx = Transaction<AgendaTables>;
type Scope = WakeRow['scope'];

/** How many rows are made due at a time: more would hold up everything else. */
export const ROWS_AT_ONCE = 200;

interface Some {
  readonly id: string;
  readonly dueAt: number;
  readonly after: string;
}

const makeSomeDue = (scope: Scope) =>
  prepared<AgendaTables, Some, { subject: string }>((db, p) =>
    db
      .updateTable(AGENDA)
      .set((eb) => ({ due_at: p.dueAt, version: eb('version', '+', 1) }))
      .where('subject', 'in', (eb) => {
        const some = eb.selectFrom(AGENDA).select('subject').where('subject', '>', p.after);
        const own = scope === 'all' ? some : some.where(scope, '=', p.id);
        return own.orderBy('subject').limit(ROWS_AT_ONCE);
      })
      .returning('subject'),
  );

const someDue: Record<Scope, ReturnType<typeof makeSomeDue>> = {
  device_id: makeSomeDue('device_id'),
  account_id: makeSomeDue('account_id'),
  all: makeSomeDue('all'),
};

/** @returns the last of the rows that were made due, where there may be more */
async function wakeSome(trx: Trx, scope: Scope, some: Some): Promise<string | undefined> {
  const rows = await someDue[scope].rows(trx, some);
  if (rows.length < ROWS_AT_ONCE) return undefined;
  return rows.reduce((last, { subject }) => (subject > last ? subject : last), '');
}

const keep = prepared<AgendaTables, Some & { scope: Scope }, unknown>((db, p) =>
  db
    .insertInto(WAKES)
    .values({ scope: p.scope, id: p.id, due_at: p.dueAt, after: p.after, turn: 0 })
    .onConflict((c) => c.columns(['scope', 'id']).doUpdateSet({ due_at: p.dueAt, after: p.after })),
);

/**
 * Something has happened on which all rows of a device, of an account, or all rows at all depend: they are due, some of
 * them at once. The others follow some at a time; what is left of that is kept with the agenda.
 * @returns whether others are to follow
 */
export async function wake(trx: Trx, scope: Scope, id: string, dueAt: number): Promise<boolean> {
  const last = await wakeSome(trx, scope, { id, dueAt, after: '' });
  if (last !== undefined) await keep.run(trx, { scope, id, dueAt, after: last });
  return last !== undefined;
}

const next = (db: Kysely<AgendaTables>, engine: Database<AgendaTables>['engine']) =>
  db
    .selectFrom(WAKES)
    .selectAll()
    .orderBy('turn')
    .orderBy('due_at')
    .limit(1)
    .modifyEnd(forUpdateSkipLocked(engine));

/** Rows that are still to be made due, by whichever process. */
export class Wakes {
  constructor(private readonly database: Database<AgendaTables>) {}

  /**
   * Makes some of them due, each wake in its turn. @returns false when none were left, or another process is doing it
   */
  goOn(): Promise<boolean> {
    return this.database.transaction(async (trx) => {
      const row = await next(trx, this.database.engine).executeTakeFirst();
      if (!row) return false;
      const { scope, id, due_at: dueAt, after, turn } = row;
      const last = await wakeSome(trx, scope, { id, dueAt, after });
      if (last === undefined)
        await trx.deleteFrom(WAKES).where('scope', '=', scope).where('id', '=', id).execute();
      else
        await trx
          .updateTable(WAKES)
          .set({ after: last, turn: turn + 1 })
          .where('scope', '=', scope)
          .where('id', '=', id)
          .execute();
      return true;
    });
  }
}
