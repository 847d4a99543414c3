import type { Database } from '@latchkey/database';
import { claimOf, type DueClaim, DueRows, type DueSource, type OfWorkspace } from '@latchkey/event-sourcing';
import type { LockRef } from '@latchkey/gateways';
import { type Clock, othersTurn } from '@latchkey/platform';
import {
  codeOnLock,
  codesOfDevice,
  codesOnLock,
  dropClaimed,
  dropGone,
  firstUnclaimed,
  lockOfAccount,
  locksOfAccount,
  makeDue,
  makeDueUnless,
  putOff,
  readBackWas,
} from './agenda-statements';
import { AGENDA, type AgendaRow, type AgendaTables, type LockRow } from './agenda-tables';
import { keptLocks, type LocksOfAccount } from './kept-locks';
import { type LockLease, lockLeases } from './lock-leases';
import { SettleBatches } from './settle-batches';
import { UnclaimedRows } from './unclaimed-rows';
import { wake, Wakes } from './wakes';

/** A row of the agenda that is due. */
export interface AgendaClaim extends DueClaim {
  readonly kind: AgendaRow['kind'];
  readonly id: string;
  readonly deviceId: string | null;
  readonly version: number;
  /** The last event of its own stream that the agenda had seen. */
  readonly revision: number;
  /** Its turn for the lock has come. */
  readonly lockTurn: boolean;
  /** Since when it has been due or waited for the lock, ms. */
  readonly waitingSince: number;
}

/** The result of working on a subject; if something has happened since, it is due again. */
export type Settlement =
  /** Planned on `revision`: not before `until` (ms; null: when something happens). */
  | {
      readonly do: 'wait';
      readonly revision: number;
      readonly until: number | null;
      /** Or when something leaves the keypad. */
      readonly forKeypad?: boolean;
    }
  /** The lock is busy with another command: in line behind those that wait longer, until `until` at the latest. */
  | { readonly do: 'wait-for-lock'; readonly revision: number; readonly until: number }
  /** Nothing is left to do, as of `revision`. */
  | { readonly do: 'drop'; readonly revision: number };

/** While others are due: how often more rows that should be due are made so, and how often to check for them, ms. */
const WAKE_EVERY_MS = 20;
const LOOK_FOR_WAKES_EVERY_MS = 1_000;

/** How many rows are read at a time. */
const PAGE = 500;

/** A lock is taken for this long at first, ms; the command's own deadline takes over when it is appended. */
export const COMMAND_AT_MOST = 120_000;

/** The agenda as the executor works through it, and what it knows of locks. */
export class AgendaRows implements DueSource<AgendaClaim> {
  private readonly due: DueRows<AgendaRow>;
  private readonly batches: SettleBatches;
  private readonly wakes: Wakes;
  /** Due rows, as they are looked at without claims. */
  readonly unclaimed: UnclaimedRows;
  /** When to check for rows that are still to be made due, although others are due, ms by a monotonic clock. */
  private wakeAt = 0;

  constructor(
    private readonly database: Database<AgendaTables>,
    private readonly options: {
      /** Identifies this process among those that work on one agenda. */
      readonly owner: string;
      readonly clock: Clock;
      /** The wall clock, ms: leases are about processes, not about codes. */
      readonly wall: () => number;
      /** Resolves when this process has seen all events that are in the rows now, or will read the streams instead. */
      readonly heard?: () => Promise<void>;
    },
  ) {
    this.due = new DueRows(database, { table: AGENDA, owner: options.owner, wall: options.wall });
    this.batches = new SettleBatches(database);
    this.wakes = new Wakes(database);
    this.unclaimed = new UnclaimedRows(database, options);
  }

  /** How many codes, devices and accounts are due; counted up to `most`. */
  waiting(now: number, most: number): Promise<number> {
    return this.due.waiting(now, most);
  }

  async claim(now: number, limit: number, of?: OfWorkspace): Promise<AgendaClaim[]> {
    if (performance.now() >= this.wakeAt) await this.wakeMore();
    let rows = await this.due.claim(now, limit, of);
    while (rows.length === 0 && (await this.wakeMore())) rows = await this.due.claim(now, limit, of);
    if (rows.length > 0) await this.options.heard?.();
    return rows.map((row) => ({
      ...claimOf(row),
      kind: row.kind,
      id: row.id,
      deviceId: row.device_id,
      version: row.version,
      revision: row.revision,
      lockTurn: row.waiting_for_lock === 2,
      waitingSince: row.waiting_since || row.due_at!,
    }));
  }

  async dueWorkspaces(now: number): Promise<string[]> {
    let due = await this.due.dueWorkspaces(now);
    while (due.length === 0 && (await this.wakeMore())) due = await this.due.dueWorkspaces(now);
    return due;
  }

  async nextDue(): Promise<number | null> {
    const [first] = await firstUnclaimed.rows(this.database.db, { wall: this.options.wall() });
    const { due, since } = first!;
    return since === null || due === null ? (since ?? due) : Math.min(since, due);
  }

  /** Makes due all rows that are still to be. */
  async wakeAll(): Promise<void> {
    while (await this.wakeMore()) await othersTurn();
  }

  private async wakeMore(): Promise<boolean> {
    const more = await this.wakes.goOn();
    this.wakeAt = performance.now() + (more ? WAKE_EVERY_MS : LOOK_FOR_WAKES_EVERY_MS);
    return more;
  }

  /** A worker that starts again releases what it had claimed before. */
  releaseAll(): Promise<void> {
    return this.due.releaseAll();
  }

  /** Gives rows back, due as they were. */
  releaseThese(claims: readonly Pick<AgendaRow, 'subject'>[]): Promise<void> {
    return this.due.releaseThese(claims.map(({ subject }) => subject));
  }

  async putOff(claim: AgendaClaim, until: number): Promise<void> {
    const { subject, version, revision } = claim;
    const attempts = claim.attempts + 1;
    await putOff.run(this.database.db, { subject, version, revision, attempts, until });
  }

  /** Stores the result of working on a row, and gives the row back. */
  async settle(claim: AgendaClaim, settlement: Settlement): Promise<void> {
    const settled =
      settlement.do === 'drop'
        ? await this.drop(claim, settlement.revision)
        : await this.batches.settle(this.planned(claim, settlement));
    // Something has happened since it was claimed, and has set when it is due.
    if (!settled) await this.due.release(claim.subject);
    if (claim.lockTurn && claim.deviceId && settlement.do !== 'wait-for-lock') {
      await lockLeases.passTurn(this.database.db, claim.deviceId);
    }
  }

  private planned(
    { subject, version, waitingSince }: AgendaClaim,
    settlement: Exclude<Settlement, { do: 'drop' }>,
  ) {
    const { revision, until } = settlement;
    const waits = settlement.do === 'wait-for-lock';
    return {
      ...{ subject, version, revision, until, now: this.options.clock.now() },
      forKeypad: settlement.do === 'wait' && settlement.forKeypad ? 1 : 0,
      waitingForLock: waits ? 1 : 0,
      waitingSince: waits ? waitingSince : 0,
    };
  }

  private async drop({ subject, version }: AgendaClaim, revision: number): Promise<boolean> {
    return (await dropClaimed.run(this.database.db, { subject, version, revision })) > 0;
  }

  /** Makes a subject due now, unless it is due by `instant` (ms) anyway. */
  async makeDue(subject: string, unlessBy?: number): Promise<void> {
    const { db } = this.database;
    const dueAt = this.options.clock.now();
    if (unlessBy === undefined) await makeDue.run(db, { subject, dueAt });
    else await makeDueUnless.run(db, { subject, dueAt, unlessBy });
  }

  /** The clock was set: everything is due now, and no command holds a lock until an instant of the time before. */
  async makeAllDue(): Promise<void> {
    const { clock } = this.options;
    await this.database.transaction(async (trx) => {
      await lockLeases.endBy(trx, clock.now() + COMMAND_AT_MOST);
      await wake(trx, 'all', '', clock.now());
    });
  }

  /** Takes the lock for one command until its deadline. False: another command is in flight there. */
  takeLock(deviceId: string, commandId: string, codeId: string, until: number): Promise<boolean> {
    const lease = { deviceId, commandId, codeId, until };
    return lockLeases.take(this.database.db, lease, this.options.clock.now());
  }

  /** The commands that are in flight, one for each lock that has one. */
  inFlight(): Promise<LockLease[]> {
    return lockLeases.all(this.database.db);
  }

  lockFreeAt(deviceId: string): Promise<number | null> {
    return lockLeases.freeAt(this.database.db, deviceId);
  }

  async freeLock(deviceId: string, commandId: string): Promise<void> {
    await this.database.transaction((trx) => lockLeases.giveBack(trx, { deviceId, commandId }));
  }

  async codeOf(deviceId: string, lockCodeId: string): Promise<string | undefined> {
    const [row] = await codeOnLock.rows(this.database.db, { deviceId, lockCodeId });
    return row?.code_id;
  }

  /** Every code of ours on a lock, by the lock's id of it. */
  async lockCodes(deviceId: string): Promise<Map<string, string>> {
    const rows = await codesOnLock.rows(this.database.db, { deviceId });
    return new Map(rows.map((row) => [row.lock_code_id, row.code_id]));
  }

  /** The codes that a device has on its agenda; read some at a time, with a turn for others in between. */
  async codesOf(deviceId: string): Promise<string[]> {
    const ids: string[] = [];
    for (let after = ''; ;) {
      const some = await this.someCodesOf(deviceId, after, PAGE);
      for (const { id } of some) ids.push(id);
      if (some.length < PAGE) return ids;
      after = some.at(-1)!.subject;
      await othersTurn();
    }
  }

  /** The next codes that a device has on its agenda, so many in the order of their subjects. */
  someCodesOf(deviceId: string, after: string, most: number): Promise<Pick<AgendaRow, 'subject' | 'id'>[]> {
    return codesOfDevice.rows(this.database.db, { deviceId, after, most });
  }

  /** Keeps unclaimed rows from being claimed until they are given back. @returns their subjects */
  async hold(rows: readonly Pick<AgendaRow, 'subject'>[]): Promise<Pick<AgendaRow, 'subject'>[]> {
    const held = await this.due.hold(rows.map(({ subject }) => subject));
    return held.map((subject) => ({ subject }));
  }

  /** Nothing is left to do for these, whichever process has claimed them, unless their own streams have new events. */
  async dropGone(gone: readonly { readonly subject: string; readonly revision: number }[]): Promise<void> {
    if (gone.length === 0) return;
    await this.database.transaction(async (trx) => {
      for (const each of gone) await dropGone.run(trx, each);
    });
  }

  /** The locks of an account, by their makers' ids. */
  async locksOf(accountId: string): Promise<LocksOfAccount> {
    const locks = await keptLocks.of(this.database).get(accountId, async () => {
      const rows = await locksOfAccount.rows(this.database.db, { accountId });
      return new Map(rows.map((row) => [row.lock_id, row]));
    });
    return locks!;
  }

  /** A lock of an account. */
  async lockOf({ accountId, maker, lockId }: LockRef): Promise<LockRow | undefined> {
    const kept = keptLocks.of(this.database).peek(accountId)?.get(lockId);
    if (kept?.maker === maker) return kept;
    const [lock] = await lockOfAccount.rows(this.database.db, { accountId, maker, lockId });
    return lock;
  }

  async accountsAt(maker: string): Promise<string[]> {
    const rows = await this.database.db
      .selectFrom(AGENDA)
      .select('id')
      .where('kind', '=', 'account')
      .where('maker', '=', maker)
      .execute();
    return rows.map((row) => row.id);
  }

  /** What the maker reported of the lock when it was last read back. */
  async readBackWas(lock: Pick<LockRow, 'device_id' | 'account_id' | 'lock_id'>, updatedAt: string | null) {
    await readBackWas.run(this.database.db, { deviceId: lock.device_id, updatedAt });
    const kept = keptLocks.of(this.database);
    const row = kept.peek(lock.account_id)?.get(lock.lock_id);
    if (row) row.read_back_of = updatedAt;
    kept.wasChanged();
  }
}
