import { chunks, preparedIn, preparedRows } from '@latchkey/database';
import {
  foldRows,
  type Projection,
  readerOf,
  type RecordedEvent,
  type StateRows,
  type Tables,
} from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';
import type { AccessCode } from '../domain/access-code';
import { codeFold } from '../domain/code-fold';
import { ACCESS_CODE, codeCodec } from '../domain/events';
import { keptCodes, keptUnmanaged } from './kept-codes';
import { backupOf, endOf, isForgotten, isGone, isUnmanaged } from '../domain/life';

/** Raised when what the view keeps of a code changes: it is built again then. */
export const CODES_VERSION = 5;
export const CODES = `codes_v${CODES_VERSION}` as const;

export interface CodesTables {
  [CODES]: {
    code_id: string;
    workspace_id: string;
    device_id: string;
    /** Where it stands in lists, by the position of its first event; null once it is gone. */
    live_at: number | null;
    /** The same where expired codes stay readable: null once it was deleted. */
    readable_at: number | null;
    /** The same for an unmanaged code; null once it is gone, or managed. */
    unmanaged_at: number | null;
    /** The same for a spare backup code; null once it was pulled, or is gone. */
    pool_at: number | null;
    position: number;
    created_at: number;
    /** In lower case. */
    search_name: string;
    pin_fingerprint: string;
    common_code_key: string | null;
    /** The folded AccessCode, as JSON. */
    state: string;
  };
}

/** The columns by which codes are listed, or are in the backup pool. */
export type Listing = 'live_at' | 'readable_at' | 'unmanaged_at' | 'pool_at';

type CodeRow = CodesTables[typeof CODES];

/** The view of access codes. */
export class CodesProjection implements Projection {
  readonly name = 'codes';
  readonly version = CODES_VERSION;
  readonly tables = [CODES];
  readonly prefixes = [`${ACCESS_CODE}-`];
  readonly read = readerOf({ [ACCESS_CODE]: codeCodec });
  /** Where codes have changed since the last commit, and whether any of them was or is not ours. */
  private changed: { readonly db: Transaction<Tables>; unmanaged: boolean } | undefined;

  async create(db: Kysely<Tables>): Promise<void> {
    await db.schema
      .createTable(CODES)
      .addColumn('code_id', 'text', (c) => c.primaryKey())
      .addColumn('workspace_id', 'text', (c) => c.notNull())
      .addColumn('device_id', 'text', (c) => c.notNull())
      .addColumn('live_at', 'bigint')
      .addColumn('readable_at', 'bigint')
      .addColumn('unmanaged_at', 'bigint')
      .addColumn('pool_at', 'bigint')
      .addColumn('position', 'bigint', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('search_name', 'text', (c) => c.notNull())
      .addColumn('pin_fingerprint', 'text', (c) => c.notNull())
      .addColumn('common_code_key', 'text')
      .addColumn('state', 'text', (c) => c.notNull())
      .execute();
  }

  async index(db: Kysely<Tables>): Promise<void> {
    const index = (name: string, ...columns: (keyof CodeRow)[]) =>
      db.schema.createIndex(`codes_by_${name}_v${CODES_VERSION}`).ifNotExists().on(CODES).columns(columns);
    const ofListed = (by: string, listed: Listing, ...columns: (keyof CodeRow)[]) =>
      index(`${by}_${listed}`, ...columns)
        .where(listed, 'is not', null)
        .execute();
    // A list reads a page's rows from an index of listed codes only, however many codes are gone. The workspace's index
    // also holds what is searched, so that a search passes over the others without reading their rows.
    for (const listed of ['live_at', 'readable_at'] as const)
      await ofListed('workspace', listed, 'workspace_id', listed, 'code_id', 'search_name');
    for (const listed of ['live_at', 'readable_at', 'unmanaged_at', 'pool_at'] as const)
      await ofListed('device', listed, 'device_id', listed, 'code_id');
    await index('pin', 'pin_fingerprint').execute();
    await index('common_key', 'common_code_key').where('common_code_key', 'is not', null).execute();
  }

  async drop(db: Kysely<Tables>, version: number): Promise<void> {
    await db.schema.dropTable(`codes_v${version}`).ifExists().execute();
  }

  async apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void> {
    const touched = { unmanaged: this.changed?.unmanaged ?? false };
    this.changed = { ...touched, db: trx };
    const rows = codeRows(trx as Transaction<CodesTables>, touched);
    await foldRows(events, ACCESS_CODE, codeCodec, codeFold, rows);
    this.changed.unmanaged = touched.unmanaged;
  }

  onApplied(): void {
    if (!this.changed) return;
    const { db, unmanaged } = this.changed;
    keptCodes.forget(db);
    if (unmanaged) keptUnmanaged.forget(db);
    this.changed = undefined;
  }
}

/** The states of these codes, by id, as far as the view has them. */
export async function codeStates(
  db: Kysely<CodesTables>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, AccessCode>> {
  const states = new Map<string, AccessCode>();
  for (const some of chunks(ids, READ_AT_ONCE)) {
    const rows = await byIds.rows(db, {}, some);
    for (const row of rows) states.set(row.code_id, JSON.parse(row.state) as AccessCode);
  }
  return states;
}

/** How many rows one statement reads. */
const READ_AT_ONCE = 1_000;

const byIds = preparedIn<
  CodesTables,
  object,
  Pick<CodeRow, 'code_id' | 'position' | 'unmanaged_at' | 'state'>
>((db, _, ids) =>
  db.selectFrom(CODES).select(['code_id', 'position', 'unmanaged_at', 'state']).where('code_id', 'in', ids),
);

const COLUMNS = [
  ...(['code_id', 'workspace_id', 'device_id', 'live_at', 'readable_at', 'unmanaged_at', 'pool_at'] as const),
  ...(['position', 'created_at', 'search_name', 'pin_fingerprint', 'common_code_key', 'state'] as const),
] satisfies (keyof CodeRow)[];

const put = preparedRows<CodesTables, CodeRow>(COLUMNS, (db, rows) =>
  db
    .insertInto(CODES)
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('code_id').doUpdateSet((eb) => ({
        live_at: eb.ref('excluded.live_at'),
        readable_at: eb.ref('excluded.readable_at'),
        unmanaged_at: eb.ref('excluded.unmanaged_at'),
        pool_at: eb.ref('excluded.pool_at'),
        search_name: eb.ref('excluded.search_name'),
        pin_fingerprint: eb.ref('excluded.pin_fingerprint'),
        common_code_key: eb.ref('excluded.common_code_key'),
        state: eb.ref('excluded.state'),
      })),
    ),
);

/** @param touched is told whether a code changes that is not ours, or was not */
function codeRows(trx: Transaction<CodesTables>, touched: { unmanaged: boolean }): StateRows<AccessCode> {
  const positions = new Map<string, number>();
  return {
    async load(ids) {
      const rows = await byIds.rows(trx, {}, ids);
      for (const row of rows) {
        positions.set(row.code_id, row.position);
        touched.unmanaged ||= row.unmanaged_at !== null;
      }
      return new Map(rows.map((row) => [row.code_id, JSON.parse(row.state) as AccessCode]));
    },
    async save(changed) {
      const rows = changed.map(({ state, first }) =>
        rowOf(state, first ? Number(first.position.commit) : positions.get(state.codeId)!),
      );
      touched.unmanaged ||= rows.some(({ unmanaged_at }) => unmanaged_at !== null);
      await put.rows(trx, rows);
    },
  };
}

function rowOf(code: AccessCode, position: number): CodeRow {
  return {
    code_id: code.codeId,
    workspace_id: code.workspaceId,
    device_id: code.deviceId,
    live_at: isListed(code) && !isGone(code) ? position : null,
    readable_at: isListed(code) && isReadable(code) ? position : null,
    unmanaged_at: isUnmanaged(code) && !isGone(code) ? position : null,
    pool_at: isInPool(code) && !isGone(code) ? position : null,
    position,
    created_at: code.requestedAt,
    search_name: (code.wanted.name ?? '').toLowerCase(),
    pin_fingerprint: code.wanted.pinFingerprint,
    common_code_key: code.wanted.commonCodeKey,
    state: JSON.stringify(code),
  };
}

/** Among the codes that we manage for somebody. */
function isListed(code: AccessCode): boolean {
  return !isUnmanaged(code) && !isInPool(code);
}

function isInPool(code: AccessCode): boolean {
  return backupOf(code)?.is === 'spare';
}

/** Live, or expired and not deleted since. */
function isReadable(code: AccessCode): boolean {
  return !isGone(code) || (endOf(code)?.cause === 'expired' && !isForgotten(code));
}
