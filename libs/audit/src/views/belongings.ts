import { chunks } from '@latchkey/database';
import { ACCESS_CODE } from '@latchkey/access-codes';
import { ACCOUNT, ACTION_ATTEMPT, CONNECT_WEBVIEW, DEVICE, DOOR } from '@latchkey/devices';
import type { Kysely, Transaction } from 'kysely';
import type { Subjects } from '../domain/entry';
import type { Fact } from '../facts';
import { type AuditTables, CODES_AT_DOORS, LOCKS } from './audit-tables';

export interface CodeAtDoor {
  readonly deviceId: string;
  readonly accountId: string;
}

/** What a fact's data may say about its subjects. */
interface Said {
  readonly codeId?: string | null;
  readonly deviceId?: string | null;
  readonly accountId?: string;
  readonly workspaceId?: string;
  readonly actionAttemptId?: string | null;
  readonly connectWebviewId?: string | null;
}

const AT_ONCE = 500;
/** How many rows one statement writes. */
const ROWS_AT_ONCE = 50;

/** On which lock a code is, and in which account a lock: only the first fact of each says so. */
export class Belongings {
  private constructor(
    private readonly codes: Map<string, CodeAtDoor>,
    private readonly locks: Map<string, string>,
  ) {}

  /** The places of everything that these facts are about; new locks are recorded. */
  static async of(db: Transaction<AuditTables>, facts: readonly Fact[]): Promise<Belongings> {
    const codes = new Map<string, CodeAtDoor>();
    const locks = new Map<string, string>();
    for (const fact of facts) {
      const said = fact.event.data as Said;
      if (beginsCode(fact)) codes.set(fact.id, { deviceId: said.deviceId!, accountId: said.accountId! });
      if (fact.event.type === 'DeviceAdded') locks.set(fact.id, said.accountId!);
    }
    await addLocks(db, facts);
    await loadCodes(
      db,
      facts.flatMap(({ category, id }) => (category === ACCESS_CODE ? [id] : [])),
      codes,
    );
    await loadLocks(
      db,
      facts.flatMap((fact) => lockOf(fact) ?? []),
      locks,
    );
    return new Belongings(codes, locks);
  }

  /** Undefined for a code whose first fact is not known. */
  placeOf(codeId: string): CodeAtDoor | undefined {
    return this.codes.get(codeId);
  }

  subjectsOf({ category, id, event }: Pick<Fact, 'category' | 'id' | 'event'>): Subjects {
    const said = event.data as Said;
    const codeId = category === ACCESS_CODE ? id : (said.codeId ?? null);
    const code = category === ACCESS_CODE ? this.codes.get(id) : undefined;
    const deviceId = isOfLock(category) ? id : (code?.deviceId ?? said.deviceId ?? null);
    const accountId =
      category === ACCOUNT
        ? id
        : (code?.accountId ??
          said.accountId ??
          (deviceId === null ? null : this.locks.get(deviceId)) ??
          null);
    return {
      codeId,
      deviceId,
      accountId,
      actionAttemptId: category === ACTION_ATTEMPT ? id : (said.actionAttemptId ?? null),
      connectWebviewId: category === CONNECT_WEBVIEW ? id : (said.connectWebviewId ?? null),
    };
  }
}

/** Streams that are named by their lock. */
const isOfLock = (category: string): boolean => category === DEVICE || category === DOOR;

/** The lock that a fact itself names. */
const lockOf = ({ category, id, event }: Fact): string | undefined =>
  isOfLock(category) ? id : ((event.data as Said).deviceId ?? undefined);

export const beginsCode = ({ event }: Fact): boolean =>
  event.type === 'CodeRequested' || event.type === 'UnmanagedCodeSeen';

/** A lock that comes again is where it was before. */
async function addLocks(db: Transaction<AuditTables>, facts: readonly Fact[]): Promise<void> {
  const locks = facts
    .filter(({ event }) => event.type === 'DeviceAdded')
    .map(({ id, event }) => {
      const said = event.data as Said;
      return { device_id: id, workspace_id: said.workspaceId!, connected_account_id: said.accountId! };
    });
  for (const rows of chunks(locks, ROWS_AT_ONCE)) {
    await db
      .insertInto(LOCKS)
      .values(rows)
      .onConflict((conflict) => conflict.column('device_id').doNothing())
      .execute();
  }
}

async function loadCodes(
  db: Kysely<AuditTables>,
  ids: readonly string[],
  known: Map<string, CodeAtDoor>,
): Promise<void> {
  for (const some of chunks(unknown(ids, known), AT_ONCE)) {
    const rows = await db
      .selectFrom(CODES_AT_DOORS)
      .select(['access_code_id', 'device_id', 'connected_account_id'])
      .where('access_code_id', 'in', some)
      .execute();
    for (const row of rows)
      known.set(row.access_code_id, { deviceId: row.device_id, accountId: row.connected_account_id });
  }
}

async function loadLocks(
  db: Kysely<AuditTables>,
  ids: readonly string[],
  known: Map<string, string>,
): Promise<void> {
  for (const some of chunks(unknown(ids, known), AT_ONCE)) {
    const rows = await db
      .selectFrom(LOCKS)
      .select(['device_id', 'connected_account_id'])
      .where('device_id', 'in', some)
      .execute();
    for (const row of rows) known.set(row.device_id, row.connected_account_id);
  }
}

const unknown = (ids: readonly string[], known: ReadonlyMap<string, unknown>): string[] => [
  ...new Set(ids.filter((id) => !known.has(id))),
];
