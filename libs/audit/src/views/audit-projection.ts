import { codeCodec } from '@latchkey/access-codes';
import { chunks, preparedRows } from '@latchkey/database';
import { folding, type Projection, type RecordedEvent, type Tables } from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';
import { detailOf, namelessDetail, type Subjects } from '../domain/entry';
import {
  AUDIT_VERSION,
  CODES_AT_DOORS,
  type AuditTables,
  createAuditTables,
  dropAuditTables,
  indexAuditTables,
  indexByCode,
  ENTRIES,
} from './audit-tables';
import { Belongings } from './belongings';
import { extendChains } from './chains';
import { followCodes } from './codes-at-doors';
import { type Fact, FACT_PREFIXES, factOf, isFact, readFact } from '../facts';

/** How many rows one statement writes. */
const ROWS_AT_ONCE = 50;

/** Every fact by what it is about, and where and when each code was on a lock. */
export class AuditProjection implements Projection {
  readonly name = 'audit';
  readonly version = AUDIT_VERSION;
  readonly tables = [ENTRIES, CODES_AT_DOORS];
  readonly prefixes = FACT_PREFIXES;
  readonly read = readFact;

  /** @param onFacts called with facts once they can be found; must not throw */
  constructor(private readonly onFacts: (events: readonly RecordedEvent[]) => void = () => undefined) {}

  create(db: Kysely<Tables>): Promise<void> {
    return createAuditTables(db);
  }

  index(db: Kysely<Tables>): Promise<void> {
    return indexAuditTables(db);
  }

  drop(db: Kysely<Tables>, version: number): Promise<void> {
    return dropAuditTables(db, version);
  }

  async apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void> {
    const db = trx as Transaction<AuditTables>;
    const facts = events.map((recorded) => folding(recorded, () => factOf(recorded)));
    const belongings = await Belongings.of(db, facts);
    await insertEntries(
      db,
      facts.map((fact) => rowOf(fact, belongings)),
    );
    for (const fact of facts) if (fact.event.type === 'PersonalDataErased') await forgetNames(db, fact);
    await followCodes(db, facts, belongings);
    await extendChains(db, events);
  }

  onApplied(events: readonly RecordedEvent[]): void {
    // Foreign events are logged here as well.
    this.onFacts(events.filter(isFact));
  }
}

function rowOf({ recorded, category, id, event }: Fact, belongings: Belongings): AuditTables[typeof ENTRIES] {
  const { metadata, position } = recorded;
  const about = belongings.subjectsOf({ category, id, event });
  return {
    event_id: recorded.id,
    workspace_id: metadata.workspaceId,
    occurred_at: event.at,
    recorded_at: recorded.recordedAt,
    commit_position: Number(position.commit),
    prepare_position: Number(position.prepare),
    event_type: event.type,
    actor_type: metadata.actor.type,
    actor_id: metadata.actor.id ?? null,
    request_id: metadata.$correlationId,
    causation_id: metadata.$causationId,
    ...columnsOf(about),
    detail: JSON.stringify(detailOf(event.data)),
  };
}

const columnsOf = (about: Subjects) => ({
  access_code_id: about.codeId,
  device_id: about.deviceId,
  connected_account_id: about.accountId,
  action_attempt_id: about.actionAttemptId,
  connect_webview_id: about.connectWebviewId,
});

async function insertEntries(
  db: Transaction<AuditTables>,
  rows: readonly AuditTables[typeof ENTRIES][],
): Promise<void> {
  for (const some of chunks(rows, ROWS_AT_ONCE)) {
    await insert.rows(db, some);
  }
}

const COLUMNS = [
  ...([
    'event_id',
    'workspace_id',
    'occurred_at',
    'recorded_at',
    'commit_position',
    'prepare_position',
  ] as const),
  ...(['event_type', 'actor_type', 'actor_id', 'request_id', 'causation_id', 'access_code_id'] as const),
  ...(['device_id', 'connected_account_id', 'action_attempt_id', 'connect_webview_id', 'detail'] as const),
];

const insert = preparedRows<AuditTables, AuditTables[typeof ENTRIES]>(COLUMNS, (db, rows) =>
  db
    .insertInto(ENTRIES)
    .values(rows)
    // Each comes once, by the checkpoint; in tables of earlier versions the id is the key.
    .onConflict((conflict) => conflict.doNothing()),
);

/** A code's own kept facts lose every name of the code. */
async function forgetNames(db: Transaction<AuditTables>, { id, recorded }: Fact): Promise<void> {
  // While the view is built it may not be there yet.
  await indexByCode(db);
  const { workspaceId } = recorded.metadata;
  const rows = await db
    .selectFrom(ENTRIES)
    .select(['event_id', 'event_type', 'detail'])
    .where('workspace_id', '=', workspaceId)
    .where('access_code_id', '=', id)
    .execute();
  for (const { event_id, event_type, detail } of rows) {
    if (!codeCodec.knows(event_type)) continue;
    const without = JSON.stringify(namelessDetail(JSON.parse(detail) as Record<string, unknown>));
    if (without === detail) continue;
    await db
      .updateTable(ENTRIES)
      .set({ detail: without })
      .where('workspace_id', '=', workspaceId)
      .where('access_code_id', '=', id)
      .where('event_id', '=', event_id)
      .execute();
  }
}
