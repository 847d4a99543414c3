import { chunks, preparedRows } from '@latchkey/database';
import type { Transaction } from 'kysely';
import { AGENDA, type AgendaRow, type AgendaTables } from './agenda-tables';
import { inserted, type InsertedRow, ROW_COLUMNS } from './new-row';

/** A statement takes a limited number of values. */
const ROWS_AT_ONCE = 500;

/** One row, by everything that has added it. */
interface Added {
  readonly row: InsertedRow;
  /** What came first was a reservation. */
  readonly isReservation: boolean;
  /** Something but a reservation has come. */
  readonly isPut: boolean;
  /** How many reservations came after what came first. */
  readonly reservedAgain: number;
}

/**
 * Rows that are added to the agenda, each written once: a creation reserves its PIN and requests its code, and often
 * many come together. It comes to the same as writing one after the other.
 */
export class AddedRows {
  private readonly rows = new Map<string, Added>();

  constructor(private readonly trx: Transaction<AgendaTables>) {}

  /** Adds a row; an existing one becomes due and keeps its columns. */
  put(row: InsertedRow): void {
    const before = this.rows.get(row.subject);
    if (!before) {
      this.rows.set(row.subject, { row, isReservation: false, isPut: true, reservedAgain: 0 });
      return;
    }
    const { deviceId, accountId, maker } = before.row;
    const merged = {
      ...row,
      deviceId: deviceId ?? row.deviceId,
      accountId: row.accountId ?? accountId,
      maker: row.maker ?? maker,
    };
    this.rows.set(row.subject, { ...before, row: merged, isPut: true });
  }

  /** The same for a reservation: an existing row is due then, if not before. */
  reserve(row: InsertedRow): void {
    const before = this.rows.get(row.subject);
    if (!before) {
      this.rows.set(row.subject, { row, isReservation: true, isPut: false, reservedAgain: 0 });
      return;
    }
    const dueAt = Math.min(before.row.dueAt, row.dueAt);
    const reservedAgain = before.reservedAgain + 1;
    this.rows.set(row.subject, { ...before, row: { ...before.row, dueAt }, reservedAgain });
  }

  async write(): Promise<void> {
    if (this.rows.size === 0) return;
    const all = [...this.rows.values()];
    this.rows.clear();
    const of = (isReservation: boolean, isPut: boolean) =>
      all.filter((each) => each.isReservation === isReservation && each.isPut === isPut);
    await this.writeThese(put, of(false, true));
    await this.writeThese(reservedThenPut, of(true, true));
    await this.writeThese(reserved, of(true, false));
  }

  private async writeThese(statement: typeof put, added: readonly Added[]): Promise<void> {
    const rows = added.map(({ row, reservedAgain }) => ({ ...inserted(row), version: reservedAgain }));
    for (const some of chunks(rows, ROWS_AT_ONCE)) await statement.rows(this.trx, some);
  }
}

/** @param reservations how many a row that is there has not seen, besides those that its version counts */
const putAfter = (reservations: 0 | 1) =>
  preparedRows<AgendaTables, AgendaRow>(ROW_COLUMNS, (db, rows) =>
    db
      .insertInto(AGENDA)
      .values(rows)
      .onConflict((c) =>
        c.column('subject').doUpdateSet((eb) => ({
          due_at: eb.ref('excluded.due_at'),
          revision: eb.ref('excluded.revision'),
          device_id: eb.fn.coalesce(`${AGENDA}.device_id`, 'excluded.device_id'),
          account_id: eb.fn.coalesce('excluded.account_id', `${AGENDA}.account_id`),
          maker: eb.fn.coalesce('excluded.maker', `${AGENDA}.maker`),
          planned_revision: eb
            .case()
            .when(`${AGENDA}.planned_revision`, '<', eb.ref('excluded.planned_revision'))
            .then(eb.ref('excluded.planned_revision'))
            .else(eb.ref(`${AGENDA}.planned_revision`))
            .end(),
          version: eb(eb(`${AGENDA}.version`, '+', eb.ref('excluded.version')), '+', eb.lit(reservations)),
        })),
      ),
  );
const put = putAfter(0);
const reservedThenPut = putAfter(1);

const reserved = preparedRows<AgendaTables, AgendaRow>(ROW_COLUMNS, (db, rows) =>
  db
    .insertInto(AGENDA)
    .values(rows)
    .onConflict((c) =>
      c.column('subject').doUpdateSet((eb) => ({
        due_at: eb
          .case()
          .when(`${AGENDA}.due_at`, '<', eb.ref('excluded.due_at'))
          .then(eb.ref(`${AGENDA}.due_at`))
          .else(eb.ref('excluded.due_at'))
          .end(),
        version: eb(eb(`${AGENDA}.version`, '+', eb.ref('excluded.version')), '+', eb.lit(1)),
      })),
    ),
);
