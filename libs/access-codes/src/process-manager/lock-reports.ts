import { type EventStore, externalCause, type ProjectionRunner } from '@latchkey/event-sourcing';
import type { AccountRef, LockReport } from '@latchkey/gateways';
import { UUID } from '@latchkey/http';
import { type Ids, inTurns } from '@latchkey/platform';
import { DOMAIN_PREFIXES } from './agenda';
import { usedUp } from '../domain/decisions';
import type { AgendaRows } from './agenda-rows';
import type { InFlightCalls } from './in-flight-calls';
import { doorEventOf, type DoorReport, reportKeyOf } from './door-reports';
import type { LockWork } from './lock-work';
import type { Streams } from '../streams';
import { mayTurnUpOf } from '../domain/life';

/** What to answer to the sender of a report. */
export type Reception = 'taken' | 'again-later';

const CAUGHT_UP_WITHIN_MS = 5_000;

/** Takes what locks report by themselves. A report may repeat, be late or be about an unmanaged code. */
export class LockReports {
  constructor(
    private readonly options: {
      readonly streams: Streams;
      readonly rows: AgendaRows;
      readonly calls: InFlightCalls;
      readonly work: LockWork;
      readonly store: EventStore;
      readonly agenda: Pick<ProjectionRunner, 'reached'>;
      readonly ids: Ids;
      readonly onDue: () => void;
    },
  ) {}

  /** @param account whose report it is: it counts only for this account's locks */
  async take({ accountId, maker }: AccountRef, report: LockReport): Promise<Reception> {
    const { rows, onDue } = this.options;
    if (report.kind === 'system-lost' || report.kind === 'system-back') {
      await rows.makeDue(`account:${accountId}`);
      onDue();
      return 'taken';
    }
    const device = await rows.lockOf({ accountId, maker, lockId: report.lockId });
    if (device) return this.takeFor(device, report);
    if (report.kind === 'added') {
      await rows.makeDue(`account:${accountId}`);
      onDue();
    }
    return 'taken';
  }

  private async takeFor(
    lock: { readonly device_id: string; readonly account_id: string },
    report: Exclude<LockReport, { kind: 'system-lost' | 'system-back' }>,
  ): Promise<Reception> {
    const { rows, onDue } = this.options;
    switch (report.kind) {
      case 'code-outcome':
        return this.outcome(lock.device_id, report);
      // A report may be old and late: the maker knows the current state.
      case 'online':
      case 'offline':
      case 'time-wrong':
      case 'low-battery':
      case 'added':
      case 'removed':
        await rows.makeDue(`account:${lock.account_id}`);
        onDue();
        return 'taken';
      case 'code-used':
      case 'incorrect-attempt':
      case 'tampered':
      case 'jammed':
      case 'action-completed':
        return this.atDoor(lock.device_id, report);
    }
  }

  /** What happened at the door is recorded; a one-time code is used up by it. */
  private async atDoor(deviceId: string, report: DoorReport): Promise<Reception> {
    const { streams, rows, ids } = this.options;
    const { state: device } = await streams.devices.load(deviceId, 0);
    if (!device || device.removedAt !== null || !device.managed) return 'taken';
    const used = report.kind === 'code-used' ? report.lockCodeId : null;
    const codeId = used === null ? null : ((await rows.codeOf(deviceId, used)) ?? null);
    if (used !== null && codeId === null && (await this.mayBeForOneTime(deviceId))) return 'again-later';
    const actionId = report.kind === 'action-completed' ? report.actionId : null;
    const event = doorEventOf(report, device, {
      codeId,
      attempt:
        actionId !== null && UUID.test(actionId) ? (await streams.attempts.load(actionId)).state : null,
      reportKey: reportKeyOf(report) ?? ids.uuid(),
    });
    if (!event) return 'taken';
    const cause = externalCause({
      correlationId: actionId ?? deviceId,
      causationId: 'lock report',
      workspaceId: device.workspaceId,
    });
    await streams.doors.record(event, cause);
    if (event.type === 'DoorUnlocked' && event.data.codeId !== null) {
      await streams.codes.transact(event.data.codeId, cause, usedUp);
    }
    return 'taken';
  }

  /**
   * Whether a one-time code whose id on the lock is not known yet may be the one that was used: it must not open twice,
   * so the report is taken once the id is known.
   */
  private async mayBeForOneTime(deviceId: string): Promise<boolean> {
    const { rows, streams, onDue } = this.options;
    for await (const codeId of inTurns(await rows.codesOf(deviceId))) {
      const { state: code } = await streams.codes.load(codeId, 0);
      if (!code?.wanted.isOneTimeUse || code.known.onLock || !(code.known.inFlight || mayTurnUpOf(code)))
        continue;
      await rows.makeDue(`device:${deviceId}`);
      onDue();
      return true;
    }
    return false;
  }

  private async outcome(
    deviceId: string,
    report: Extract<LockReport, { kind: 'code-outcome' }>,
  ): Promise<Reception> {
    const { rows, calls, streams, work, store, agenda, onDue } = this.options;
    let codeId = await rows.codeOf(deviceId, report.lockCodeId);
    if (!codeId) {
      // The report may have overtaken the answer that names the code.
      const answered = await calls.settled(deviceId);
      codeId = answered.find(({ lockCodeId }) => lockCodeId === report.lockCodeId)?.codeId;
    }
    if (!codeId) {
      if (!(await agenda.reached(store.lastAppendedTo(DOMAIN_PREFIXES), CAUGHT_UP_WITHIN_MS)))
        return 'again-later';
      codeId = await rows.codeOf(deviceId, report.lockCodeId);
    }
    if (!codeId) {
      // Somebody else's code, or one of ours whose answer was lost: a read-back shows which.
      await rows.makeDue(`device:${deviceId}`);
      onDue();
      return 'taken';
    }
    const { state: device } = await streams.devices.load(deviceId, 0);
    if (device) await work.report(codeId, device, report);
    return 'taken';
  }
}
