import {
  ACCOUNT,
  accountCodec,
  ACTION_ATTEMPT,
  CONNECT_WEBVIEW,
  DEVICE,
  deviceCodec,
  type DeviceEvent,
  DOOR,
} from '@latchkey/devices';
import type { KnownRevisions, Projection, RecordedEvent, Tables } from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';
import { ACCESS_CODE, codeCodec } from '../domain/events';
import { KEYPAD, keypadCodec } from '../domain/keypad';
import { deviceOfCode, dueByEvent, dueByReservation, freeOf, wakeNext } from './agenda-statements';
import { AGENDA_VERSION, type AgendaTables, createAgendaTables, dropAgendaTables } from './agenda-tables';

/** How long a reservation may stand without its code, ms. */
export const RESERVATION_GRACE = 5 * 60_000;

const prefixesOf = (...categories: string[]) => categories.map((category) => `${category}-`);

/** The streams whose events call for something to be done. */
const AGENDA_PREFIXES = prefixesOf(ACCESS_CODE, KEYPAD, DEVICE, ACCOUNT);

/** The streams that the domain's events are in. */
export const DOMAIN_PREFIXES: readonly string[] = [
  ...AGENDA_PREFIXES,
  ...prefixesOf(DOOR, ACTION_ATTEMPT, CONNECT_WEBVIEW),
];

/** Events of a device that leave its codes as they are. */
const NO_MATTER: ReadonlySet<DeviceEvent['type']> = new Set([
  'BatteryRanLow',
  'BatteryRecovered',
  'CodeLengthsReported',
]);

/** Of so many streams the newest revision is kept in memory. */
const KNOWN_AT_MOST = 50_000;

export class AgendaProjection implements Projection, KnownRevisions {
  readonly name = 'agenda';
  readonly version = AGENDA_VERSION;
  readonly prefixes = AGENDA_PREFIXES;
  private readonly revisions = new Map<string, number>();

  constructor(private readonly onDue: () => void) {}

  create(db: Kysely<Tables>): Promise<void> {
    return createAgendaTables(db);
  }

  drop(db: Kysely<Tables>, version: number): Promise<void> {
    return dropAgendaTables(db, version);
  }

  async apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void> {
    for (const event of events) await this.applyOne(trx as Transaction<AgendaTables>, event);
  }

  onApplied(events: readonly RecordedEvent[]): void {
    for (const event of events) {
      this.revisions.delete(event.stream);
      this.revisions.set(event.stream, event.revision);
    }
    // Of a stream that is forgotten here the store is asked again.
    const oldest = this.revisions.keys();
    while (this.revisions.size > KNOWN_AT_MOST) this.revisions.delete(oldest.next().value!);
    this.onDue();
  }

  atLeast(stream: string): number | undefined {
    return this.revisions.get(stream);
  }

  private async applyOne(trx: Transaction<AgendaTables>, event: RecordedEvent): Promise<void> {
    const category = event.stream.slice(0, event.stream.indexOf('-'));
    const id = event.stream.slice(category.length + 1);
    if (category === ACCESS_CODE) return this.applyCode(trx, id, event);
    if (category === KEYPAD) return this.applyKeypad(trx, id, event);
    if (category === DEVICE) return this.applyDevice(trx, id, event);
    return this.applyAccount(trx, id, event);
  }

  private async applyCode(
    trx: Transaction<AgendaTables>,
    codeId: string,
    recorded: RecordedEvent,
  ): Promise<void> {
    const event = codeCodec.decode(recorded);
    const { revision } = recorded;
    if (event.type === 'CodeRequested') {
      const { deviceId, accountId } = event.data;
      await trx
        .insertInto('agenda_v1')
        .values(row('code', codeId, { device_id: deviceId, account_id: accountId, due_at: 0, revision }))
        .onConflict((c) => c.column('subject').doUpdateSet({ due_at: 0, revision, account_id: accountId }))
        .execute();
      if (event.data.usesBackupPool) await this.dueWhere(trx, 'subject', `device:${deviceId}`);
      return;
    }
    switch (event.type) {
      case 'UnmanagedCodeSeen': {
        const { deviceId, accountId, lockCodeId } = event.data;
        await trx
          .insertInto('agenda_v1')
          .values(row('code', codeId, { device_id: deviceId, account_id: accountId, revision }))
          .onConflict((c) => c.column('subject').doUpdateSet({ due_at: 0, revision, account_id: accountId }))
          .execute();
        await this.belongs(trx, codeId, lockCodeId);
        return;
      }
      case 'Forgotten': {
        // Its row went when it was removed; what was kept of it since is to be cleaned up now.
        await trx
          .insertInto('agenda_v1')
          .values(row('code', codeId, { due_at: 0, revision }))
          .onConflict((c) => c.column('subject').doUpdateSet({ due_at: 0, revision }))
          .execute();
        return;
      }
      case 'ProgrammingStarted':
      case 'RemovalSent': {
        const until = Date.parse(event.data.deadline);
        await this.due(trx, codeId, revision, until);
        await this.busy(trx, codeId, event.data.commandId, until);
        return;
      }
      case 'ProgrammingAccepted':
        await this.due(trx, codeId, revision, 'as-it-was');
        await this.belongs(trx, codeId, event.data.lockCodeId);
        return;
      case 'ScheduledOnDevice':
      case 'SetOnDevice':
        await this.due(trx, codeId, revision, 0);
        if (event.data.commandId !== null) {
          await this.belongs(trx, codeId, event.data.lockCodeId);
          await this.free(trx, codeId);
        }
        return;
      case 'Removed':
      case 'UnmanagedCodeGone':
      case 'WithdrawnFromDevice':
      case 'RemovedExternally':
        await this.due(trx, codeId, revision, 0);
        await trx.deleteFrom('lock_codes_v1').where('code_id', '=', codeId).execute();
        await this.free(trx, codeId);
        return;
      case 'ProgrammingFailed':
      case 'RemovalFailed':
      case 'ChangedOnDevice':
      case 'ModifiedExternally':
        await this.due(trx, codeId, revision, 0);
        await this.free(trx, codeId);
        return;
      case 'BackupAssigned':
        await this.due(trx, codeId, revision, 0);
        return this.poolIsShort(trx, codeId);
      case 'ChangeRequested':
        await this.due(trx, codeId, revision, 0);
        if (event.data.usesBackupPool) await this.poolIsShort(trx, codeId);
        return;
      default:
        await this.due(trx, codeId, revision, 0);
    }
  }

  /** The code's device is looked at, so that its backup pool is filled. */
  private async poolIsShort(trx: Transaction<AgendaTables>, codeId: string): Promise<void> {
    const deviceId = await this.deviceOf(trx, codeId);
    if (deviceId) await this.dueWhere(trx, 'subject', `device:${deviceId}`);
  }

  /** Its own event makes a code due, unless it was planned with that event known already. */
  private async due(
    trx: Transaction<AgendaTables>,
    codeId: string,
    revision: number,
    dueAt: number | 'as-it-was',
  ): Promise<void> {
    const subject = `code:${codeId}`;
    if (dueAt !== 'as-it-was') await dueByEvent.run(trx, { subject, revision, dueAt });
    else await trx.updateTable('agenda_v1').set({ revision }).where('subject', '=', subject).execute();
  }

  private async busy(
    trx: Transaction<AgendaTables>,
    codeId: string,
    commandId: string,
    until: number,
  ): Promise<void> {
    const deviceId = await this.deviceOf(trx, codeId);
    if (!deviceId) return;
    const lease = { command_id: commandId, code_id: codeId, until };
    await trx
      .insertInto('lock_leases_v1')
      .values({ device_id: deviceId, ...lease })
      .onConflict((c) => c.column('device_id').doUpdateSet(lease))
      .execute();
  }

  private async deviceOf(trx: Transaction<AgendaTables>, codeId: string): Promise<string | null | undefined> {
    const [found] = await deviceOfCode.rows(trx, { subject: `code:${codeId}` });
    return found?.device_id;
  }

  private async free(trx: Transaction<AgendaTables>, codeId: string): Promise<void> {
    const leases = await freeOf.rows(trx, { codeId });
    for (const { device_id } of leases) await wakeNext.run(trx, { deviceId: device_id });
  }

  private async belongs(trx: Transaction<AgendaTables>, codeId: string, lockCodeId: string): Promise<void> {
    const deviceId = await this.deviceOf(trx, codeId);
    if (!deviceId) return;
    await trx
      .insertInto('lock_codes_v1')
      .values({ device_id: deviceId, lock_code_id: lockCodeId, code_id: codeId })
      .onConflict((c) => c.columns(['device_id', 'lock_code_id']).doUpdateSet({ code_id: codeId }))
      .execute();
  }

  private async applyKeypad(
    trx: Transaction<AgendaTables>,
    deviceId: string,
    recorded: RecordedEvent,
  ): Promise<void> {
    const event = keypadCodec.decode(recorded);
    if (event.type === 'PinReserved') {
      // So that a reservation whose code never came is looked at and let go, and one whose change never came.
      const due_at = event.at + RESERVATION_GRACE;
      const { codeId } = event.data;
      const known = await dueByReservation.run(trx, { subject: `code:${codeId}`, dueAt: due_at });
      if (known === 0) {
        const reserved = row('code', codeId, { device_id: deviceId, due_at });
        await trx.insertInto('agenda_v1').values(reserved).execute();
      }
    } else if (event.type === 'PinReleased') {
      await trx
        .updateTable('agenda_v1')
        .set((eb) => ({ due_at: 0, for_keypad: 0, version: eb('version', '+', 1) }))
        .where('device_id', '=', deviceId)
        .where('for_keypad', '=', 1)
        .execute();
    }
  }

  private async applyDevice(
    trx: Transaction<AgendaTables>,
    deviceId: string,
    recorded: RecordedEvent,
  ): Promise<void> {
    const event = deviceCodec.decode(recorded);
    const { revision } = recorded;
    if (event.type === 'DeviceAdded') {
      const { accountId, maker, lockId } = event.data;
      await trx
        .insertInto('agenda_v1')
        .values(row('device', deviceId, { device_id: deviceId, account_id: accountId, due_at: 0, revision }))
        .onConflict((c) => c.column('subject').doUpdateSet({ due_at: 0, revision }))
        .execute();
      const lock = { account_id: accountId, maker, lock_id: lockId };
      await trx
        .insertInto('locks_v1')
        .values({ device_id: deviceId, ...lock, read_back_of: null })
        .onConflict((c) => c.column('device_id').doUpdateSet(lock))
        .execute();
    }
    if (NO_MATTER.has(event.type)) return;
    if (event.type === 'DeviceUpdated') {
      if (event.data.backupPool !== undefined) await this.dueWhere(trx, 'subject', `device:${deviceId}`);
      return;
    }
    await this.dueWhere(trx, 'device_id', deviceId);
  }

  private async applyAccount(
    trx: Transaction<AgendaTables>,
    accountId: string,
    recorded: RecordedEvent,
  ): Promise<void> {
    const event = accountCodec.decode(recorded);
    if (event.type === 'AccountUpdated') return;
    if (event.type === 'LoginRepeated' || event.type === 'SyncRequested') {
      return this.dueWhere(trx, 'subject', `account:${accountId}`);
    }
    if (event.type === 'AccountConnected') {
      await trx
        .insertInto('agenda_v1')
        .values(
          row('account', accountId, {
            account_id: accountId,
            maker: event.data.maker,
            due_at: 0,
            revision: recorded.revision,
          }),
        )
        .onConflict((c) => c.column('subject').doNothing())
        .execute();
    }
    await this.dueWhere(trx, 'account_id', accountId);
  }

  private async dueWhere(
    trx: Transaction<AgendaTables>,
    column: 'subject' | 'device_id' | 'account_id',
    id: string,
  ): Promise<void> {
    await trx
      .updateTable('agenda_v1')
      .set((eb) => ({ due_at: 0, version: eb('version', '+', 1) }))
      .where(column, '=', id)
      .execute();
  }
}

function row(
  kind: AgendaTables['agenda_v1']['kind'],
  id: string,
  rest: Partial<AgendaTables['agenda_v1']>,
): AgendaTables['agenda_v1'] {
  return {
    subject: `${kind}:${id}`,
    kind,
    id,
    device_id: null,
    account_id: null,
    maker: null,
    due_at: 0,
    revision: -1,
    planned_revision: -1,
    version: 0,
    for_keypad: 0,
    waiting_for_lock: 0,
    waiting_since: 0,
    lease_owner: null,
    lease_until: 0,
    ...rest,
  };
}
