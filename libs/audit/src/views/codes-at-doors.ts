import { ACCESS_CODE } from '@latchkey/access-codes';
import { chunks, preparedRows } from '@latchkey/database';
import type { DomainEvent } from '@latchkey/event-sourcing';
import type { Transaction } from 'kysely';
import type { Fact } from '../facts';
import { type AuditTables, CODES_AT_DOORS } from './audit-tables';
import { type Belongings, beginsCode } from './belongings';

type Row = AuditTables[typeof CODES_AT_DOORS];

/** How many rows one statement writes. */
const ROWS_AT_ONCE = 50;

/**
 * Records when codes came to their locks and left them: one row for each code, however many of the facts are its own. A
 * code that was given up with its lock may still be there.
 */
export async function followCodes(
  db: Transaction<AuditTables>,
  facts: readonly Fact[],
  belongings: Belongings,
): Promise<void> {
  const begun = new Map<string, Row>();
  const others = new Map<string, Row>();
  for (const fact of facts) {
    if (
      fact.category !== ACCESS_CODE ||
      !(beginsCode(fact) || isProgrammed(fact.event) || isGone(fact.event))
    )
      continue;
    const row = begun.get(fact.id) ?? others.get(fact.id) ?? rowOf(fact, belongings);
    if (!row) continue;
    const { event } = fact;
    // What begins again is there again. A foreign code is on its lock when it is first seen.
    if (beginsCode(fact)) row.gone_at = null;
    if (isProgrammed(event) || event.type === 'UnmanagedCodeSeen') row.first_at ??= event.at;
    if (isGone(event)) row.gone_at = event.at;
    if (beginsCode(fact)) others.delete(fact.id);
    if (beginsCode(fact) || begun.has(fact.id)) begun.set(fact.id, row);
    else others.set(fact.id, row);
  }
  for (const some of chunks([...begun.values()], ROWS_AT_ONCE)) await begin.rows(db, some);
  for (const some of chunks([...others.values()], ROWS_AT_ONCE)) await goOn.rows(db, some);
}

function rowOf({ id, recorded }: Fact, belongings: Belongings): Row | undefined {
  const place = belongings.placeOf(id);
  return (
    place && {
      access_code_id: id,
      workspace_id: recorded.metadata.workspaceId,
      device_id: place.deviceId,
      connected_account_id: place.accountId,
      first_at: null,
      gone_at: null,
    }
  );
}

const COLUMNS = [
  ...(['access_code_id', 'workspace_id', 'device_id', 'connected_account_id'] as const),
  ...(['first_at', 'gone_at'] as const),
];

/** Rows of codes that begin; one that was there before keeps its place, and when it first came. */
const begin = preparedRows<AuditTables, Row>(COLUMNS, (db, rows) =>
  db
    .insertInto(CODES_AT_DOORS)
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('access_code_id').doUpdateSet((eb) => ({
        first_at: eb.fn.coalesce(`${CODES_AT_DOORS}.first_at`, 'excluded.first_at'),
        gone_at: eb.ref('excluded.gone_at'),
      })),
    ),
);

/** Rows that are there. */
const goOn = preparedRows<AuditTables, Row>(COLUMNS, (db, rows) =>
  db
    .insertInto(CODES_AT_DOORS)
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('access_code_id').doUpdateSet((eb) => ({
        first_at: eb.fn.coalesce(`${CODES_AT_DOORS}.first_at`, 'excluded.first_at'),
        gone_at: eb.fn.coalesce('excluded.gone_at', `${CODES_AT_DOORS}.gone_at`),
      })),
    ),
);

const isProgrammed = ({ type }: DomainEvent): boolean => type === 'ProgrammingStarted';

function isGone({ type, data }: DomainEvent): boolean {
  if (type === 'UnmanagedCodeGone') return true;
  return type === 'Removed' && (data as { leftOnLock?: true }).leftOnLock !== true;
}
