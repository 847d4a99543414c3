import type { Database } from '@latchkey/database';
import { claimDue, firstDue, settle, takeLock, wakeNext } from './agenda-statements';
import type { AgendaTables } from './agenda-tables';

export interface Claim {
  readonly subject: string;
  readonly kind: 'code' | 'device' | 'account';
  readonly id: string;
  readonly deviceId: string | null;
  readonly version: number;
  /** Its turn for the lock has come. */
  readonly lockTurn: boolean;
}

/** A worker that has not said a word for so long, ms by the wall clock, is dead: its rows are anybody's. */
const LEASE_MS = 60_000;

/** What the executor does to the agenda: claims what is due and says when to look again. */
export class AgendaRows {
  private readonly due: ReturnType<typeof claimDue>;

  constructor(
    private readonly database: Database<AgendaTables>,
    /** The wall clock, ms: leases are about processes, not about codes. */
    private readonly wall: () => number,
  ) {
    this.due = claimDue(database.engine);
  }

  /** Claims up to `limit` rows that are due, the longest due first. */
  async claim(owner: string, now: number, limit: number): Promise<Claim[]> {
    const wall = this.wall();
    const lease = { owner, leaseUntil: wall + LEASE_MS };
    const rows = await this.due.rows(this.database.db, { ...lease, now, wall, limit });
    return rows.map((row) => ({
      subject: row.subject,
      kind: row.kind,
      id: row.id,
      deviceId: row.device_id,
      version: row.version,
      lockTurn: row.waiting_for_lock === 2,
    }));
  }

  /** A worker that starts anew takes back what it had claimed in an earlier life. */
  async releaseAll(): Promise<void> {
    await this.database.db
      .updateTable('agenda_v1')
      .set({ lease_owner: null, lease_until: 0 })
      .where('lease_owner', 'is not', null)
      .execute();
  }

  /** Planned on `revision`: not before `until` (null: when something happens), unless something has happened since. */
  async waitUntil(claim: Claim, revision: number, until: number | null, forKeypad = false): Promise<void> {
    await this.settle(claim, revision, until, { forKeypad: forKeypad ? 1 : 0 });
  }

  /** The lock is busy with another command: next in line, at `until` at the latest. */
  async waitForLock(claim: Claim, revision: number, until: number, since: number): Promise<void> {
    await this.settle(claim, revision, until, { waitingForLock: 1, waitingSince: since });
  }

  private async settle(
    claim: Claim,
    revision: number,
    until: number | null,
    waiting: { forKeypad?: number; waitingForLock?: number; waitingSince?: number },
  ): Promise<void> {
    const { subject, version } = claim;
    const none = { forKeypad: 0, waitingForLock: 0, waitingSince: 0 };
    const planned = { subject, version, revision, until, ...none, ...waiting };
    if ((await settle.run(this.database.db, planned)) === 0) await this.release(claim);
  }

  /** Leaves the row as due as it is: something has happened since it was claimed. */
  async release(claim: Claim): Promise<void> {
    await this.database.db
      .updateTable('agenda_v1')
      .set({ lease_owner: null, lease_until: 0 })
      .where('subject', '=', claim.subject)
      .execute();
  }

  /** Nothing is left to do, as of `revision`; unless something has happened since: then it is due again. */
  async drop(claim: Claim, revision: number): Promise<void> {
    const { numDeletedRows } = await this.database.db
      .deleteFrom('agenda_v1')
      .where('subject', '=', claim.subject)
      .where('version', '=', claim.version)
      .where('revision', '<=', revision)
      .executeTakeFirst();
    if (numDeletedRows === 0n) await this.release(claim);
  }

  /** Makes a subject due now. */
  async makeDue(subject: string): Promise<void> {
    await this.database.db
      .updateTable('agenda_v1')
      .set((eb) => ({ due_at: 0, version: eb('version', '+', 1) }))
      .where('subject', '=', subject)
      .execute();
  }

  /** When the first of what nobody works on falls due, ms; null when nothing will by itself. */
  async nextDue(): Promise<number | null> {
    const [row] = await firstDue.rows(this.database.db, { wall: this.wall() });
    return row?.due_at ?? null;
  }

  /** Takes the lock for one command until its deadline. False: another command is in flight there. */
  async takeLock(
    deviceId: string,
    commandId: string,
    codeId: string,
    now: number,
    until: number,
  ): Promise<boolean> {
    const taken = await takeLock.rows(this.database.db, { deviceId, commandId, codeId, now, until });
    return taken.length > 0;
  }

  async lockFreeAt(deviceId: string): Promise<number | null> {
    const row = await this.database.db
      .selectFrom('lock_leases_v1')
      .select('until')
      .where('device_id', '=', deviceId)
      .executeTakeFirst();
    return row?.until ?? null;
  }

  async freeLock(deviceId: string, commandId: string): Promise<void> {
    await this.database.transaction(async (trx) => {
      await trx
        .deleteFrom('lock_leases_v1')
        .where('device_id', '=', deviceId)
        .where('command_id', '=', commandId)
        .execute();
      await wakeNext.run(trx, { deviceId });
    });
  }

  /** It was this code's turn, and it did not need the lock: the next one's. */
  async passTurn(deviceId: string): Promise<void> {
    await wakeNext.run(this.database.db, { deviceId });
  }

  async codeOf(deviceId: string, lockCodeId: string): Promise<string | undefined> {
    const row = await this.database.db
      .selectFrom('lock_codes_v1')
      .select('code_id')
      .where('device_id', '=', deviceId)
      .where('lock_code_id', '=', lockCodeId)
      .executeTakeFirst();
    return row?.code_id;
  }

  /** Every code of ours on a lock, by the lock's id of it. */
  async lockCodes(deviceId: string): Promise<Map<string, string>> {
    const rows = await this.database.db
      .selectFrom('lock_codes_v1')
      .select(['lock_code_id', 'code_id'])
      .where('device_id', '=', deviceId)
      .execute();
    return new Map(rows.map((row) => [row.lock_code_id, row.code_id]));
  }

  /** The codes that a device has on its agenda. */
  async codesOf(deviceId: string): Promise<string[]> {
    const rows = await this.database.db
      .selectFrom('agenda_v1')
      .select('id')
      .where('device_id', '=', deviceId)
      .where('kind', '=', 'code')
      .execute();
    return rows.map((row) => row.id);
  }

  async locksOf(accountId: string): Promise<AgendaTables['locks_v1'][]> {
    return this.database.db.selectFrom('locks_v1').selectAll().where('account_id', '=', accountId).execute();
  }

  async accountsAt(maker: string): Promise<string[]> {
    const rows = await this.database.db
      .selectFrom('agenda_v1')
      .select('id')
      .where('kind', '=', 'account')
      .where('maker', '=', maker)
      .execute();
    return rows.map((row) => row.id);
  }

  /** The devices that a lock is: one in each workspace that its account is connected to. */
  async devicesOf(maker: string, lockId: string): Promise<AgendaTables['locks_v1'][]> {
    return this.database.db
      .selectFrom('locks_v1')
      .selectAll()
      .where('maker', '=', maker)
      .where('lock_id', '=', lockId)
      .orderBy('device_id')
      .execute();
  }

  /** What the maker said of the lock when it was last read back. */
  async readBackWas(deviceId: string, updatedAt: string | null): Promise<void> {
    await this.database.db
      .updateTable('locks_v1')
      .set({ read_back_of: updatedAt })
      .where('device_id', '=', deviceId)
      .execute();
  }
}
