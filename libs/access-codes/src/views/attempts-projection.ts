import { chunks, preparedIn, preparedRows } from '@latchkey/database';
import { ACTION_ATTEMPT, type ActionAttempt, actionCodec, actionFold } from '@latchkey/devices';
import {
  folding,
  type Projection,
  readerOf,
  type RecordedEvent,
  type Tables,
} from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';
import { type CodeAction, turned } from '../domain/code-attempt';
import { ACCESS_CODE, codeCodec, type CodeEvent } from '../domain/events';

/** Raised when what the view keeps of an attempt changes: it is built again then. */
const ATTEMPTS_VERSION = 1;
export const ATTEMPTS = `attempts_v${ATTEMPTS_VERSION}` as const;

export interface AttemptsTables {
  [ATTEMPTS]: {
    action_attempt_id: string;
    workspace_id: string;
    /** Null where it is about no device. */
    device_id: string | null;
    /** Its place in lists, by the position of the event that it began with; null: not listed. */
    listed_at: number | null;
    /** Of attempts about codes: the code and the action. */
    code_id: string | null;
    code_action: CodeAction | null;
    /** Of all others: the folded ActionAttempt, as JSON. */
    state: string | null;
  };
}

type Row = AttemptsTables[typeof ATTEMPTS];

const CHUNK = 500;
const ROWS_AT_ONCE = 50;

/** The attempts that requests about codes are answered with; UnmanagedCodeSeen only names its workspace and device. */
const OF_CODES: Readonly<Partial<Record<CodeEvent['type'], CodeAction>>> = {
  CodeRequested: 'CREATE_ACCESS_CODE',
  UnmanagedCodeSeen: 'CREATE_ACCESS_CODE',
  ChangeRequested: 'UPDATE_ACCESS_CODE',
  LetGo: 'UPDATE_ACCESS_CODE',
  RemovalStarted: 'DELETE_ACCESS_CODE',
  Forgotten: 'DELETE_ACCESS_CODE',
};

/** The view of action attempts: those of locks, and those that requests about codes are answered with. */
export class AttemptsProjection implements Projection {
  readonly name = 'attempts';
  readonly version = ATTEMPTS_VERSION;
  readonly tables = [ATTEMPTS];
  readonly prefixes = [`${ACTION_ATTEMPT}-`, `${ACCESS_CODE}-`];
  readonly read = readerOf({ [ACTION_ATTEMPT]: actionCodec, [ACCESS_CODE]: codeCodec });

  async create(db: Kysely<Tables>): Promise<void> {
    await db.schema
      .createTable(ATTEMPTS)
      .addColumn('action_attempt_id', 'text', (c) => c.primaryKey())
      .addColumn('workspace_id', 'text', (c) => c.notNull())
      .addColumn('device_id', 'text')
      .addColumn('listed_at', 'bigint')
      .addColumn('code_id', 'text')
      .addColumn('code_action', 'text')
      .addColumn('state', 'text')
      .execute();
  }

  async index(db: Kysely<Tables>): Promise<void> {
    for (const [name, owner] of [
      ['workspace', 'workspace_id'],
      ['device', 'device_id'],
    ] as const) {
      await db.schema
        .createIndex(`attempts_by_${name}_v${ATTEMPTS_VERSION}`)
        .ifNotExists()
        .on(ATTEMPTS)
        .columns([owner, 'listed_at', 'action_attempt_id'])
        .execute();
    }
  }

  async drop(db: Kysely<Tables>, version: number): Promise<void> {
    await db.schema.dropTable(`attempts_v${version}`).ifExists().execute();
  }

  leavesAlone(_db: Kysely<Tables>, events: readonly RecordedEvent[]): Promise<boolean> {
    return Promise.resolve(!events.some(isOfAttempt));
  }

  async apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void> {
    const own = events.filter(isOfAttempt);
    if (own.length === 0) return;
    const typed = trx as Transaction<AttemptsTables>;
    // What a stream begins with needs no row.
    const goingOn = own.filter(({ revision }) => revision > 0);
    const rows = await load(typed, [...new Set(goingOn.map(rowIdOf))]);
    const changed = new Map<string, Row>();
    for (const event of own) {
      const row = folding(event, () =>
        isOfCode(event) ? ofCode(event, rows.get(rowIdOf(event))) : ofAction(event, rows.get(rowIdOf(event))),
      );
      // The same change of a code may be requested many times: the first counts.
      if (!row || (row.code_id !== null && changed.has(row.action_attempt_id))) continue;
      rows.set(row.action_attempt_id, row);
      changed.set(row.action_attempt_id, row);
    }
    await save(typed, [...changed.values()]);
  }
}

const isOfCode = ({ stream }: RecordedEvent): boolean => stream.startsWith(`${ACCESS_CODE}-`);

const isOfAttempt = (event: RecordedEvent): boolean =>
  event.stream.startsWith(`${ACTION_ATTEMPT}-`) || (isOfCode(event) && Object.hasOwn(OF_CODES, event.type));

const idOf = (event: RecordedEvent): string => event.stream.slice(event.stream.indexOf('-') + 1);

/** The row that must be known to fold the event: the attempt's own, or that of the code's beginning. */
const rowIdOf = (event: RecordedEvent): string =>
  isOfCode(event) ? turned(idOf(event), 'CREATE_ACCESS_CODE') : idOf(event);

const listedAt = ({ position }: RecordedEvent): number => Number(position.commit);

/** @param begun the row of the code's first event, which names its workspace and device */
function ofCode(recorded: RecordedEvent, begun: Row | undefined): Row | null {
  const event = codeCodec.decode(recorded);
  const codeId = idOf(recorded);
  const action = OF_CODES[event.type]!;
  const attempt = { action_attempt_id: turned(codeId, action), code_id: codeId, code_action: action };
  const rest = { listed_at: listedAt(recorded), state: null };
  if (event.type === 'CodeRequested' || event.type === 'UnmanagedCodeSeen') {
    const { workspaceId: workspace_id, deviceId: device_id } = event.data;
    // No request created a backup code, or one that was found on the lock.
    const asked = event.type === 'CodeRequested' && !event.data.isBackup;
    return { ...attempt, ...rest, workspace_id, device_id, listed_at: asked ? rest.listed_at : null };
  }
  if (!begun || (event.type === 'RemovalStarted' && event.data.cause !== 'deleted')) return null;
  return { ...attempt, ...rest, workspace_id: begun.workspace_id, device_id: begun.device_id };
}

function ofAction(recorded: RecordedEvent, row: Row | undefined): Row | null {
  const before = row?.state == null ? null : (JSON.parse(row.state) as ActionAttempt);
  const after = actionFold.evolve(before, actionCodec.decode(recorded));
  if (!after) return null;
  return {
    action_attempt_id: after.actionAttemptId,
    workspace_id: after.workspaceId,
    device_id: after.deviceId,
    listed_at: row?.listed_at ?? listedAt(recorded),
    code_id: null,
    code_action: null,
    state: JSON.stringify(after),
  };
}

const byIds = preparedIn<AttemptsTables, object, Row>((db, _, ids) =>
  db.selectFrom(ATTEMPTS).selectAll().where('action_attempt_id', 'in', ids),
);

async function load(trx: Transaction<AttemptsTables>, ids: readonly string[]): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  for (const some of chunks(ids, CHUNK)) {
    const found = await byIds.rows(trx, {}, some);
    for (const row of found) rows.set(row.action_attempt_id, row);
  }
  return rows;
}

const put = preparedRows<AttemptsTables, Row>(
  ['action_attempt_id', 'workspace_id', 'device_id', 'listed_at', 'code_id', 'code_action', 'state'],
  (db, rows) =>
    db
      .insertInto(ATTEMPTS)
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('action_attempt_id').doUpdateSet((eb) => ({ state: eb.ref('excluded.state') })),
      ),
);

/** What an attempt began with stays: the same change of a code may be requested many times. */
async function save(trx: Transaction<AttemptsTables>, rows: readonly Row[]): Promise<void> {
  for (const some of chunks(rows, ROWS_AT_ONCE)) {
    await put.rows(trx, some);
  }
}
