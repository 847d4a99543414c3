import { AgendaRows } from '@latchkey/access-codes';
import {
  concludeAction,
  type Device,
  DeviceStreams,
  type DoorEvent,
  requestAction,
  SimulateKeypad,
} from '@latchkey/devices';
import { type Cause, causedBy, VIEW_BARRIER, type ViewBarrier } from '@latchkey/event-sourcing';
import { ApiError, derivedId } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type KeypadAnswer, Simulator, NotSimulated } from './simulator';

/**
 * Stands before a simulated lock. What its electronics make of it is known here at once, under the id that the lock
 * maker's report of it has: when that comes, it tells nothing new.
 */
@CommandHandler(SimulateKeypad)
export class SimulateKeypadHandler implements ICommandHandler<SimulateKeypad> {
  constructor(
    private readonly streams: DeviceStreams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    private readonly rows: AgendaRows,
    private readonly simulator: Simulator,
  ) {}

  async execute({ caller, deviceId, what }: SimulateKeypad): Promise<{ actionAttemptId: string }> {
    const { workspaceId } = caller;
    const { state: device } = await this.streams.devices.load(deviceId);
    if (device?.workspaceId !== workspaceId || device.removedAt !== null || !device.managed) {
      throw ApiError.notFound('device');
    }
    const cause = causedBy(caller);
    const action = what === 'lock' ? 'simulate_manual_lock_via_keypad' : 'simulate_keypad_code_entry';
    const actionAttemptId = derivedId(caller.requestId, `${action} ${deviceId}`);
    const before = await this.streams.attempts.transact(actionAttemptId, cause, (attempt) =>
      requestAction(attempt, { actionAttemptId, workspaceId, deviceId, action }),
    );
    if (before.state && before.state.outcome !== 'pending') {
      await this.views.reached(before.position);
      return { actionAttemptId };
    }
    const outcome = await this.stand(device, what, cause);
    const { position } = await this.streams.attempts.transact(actionAttemptId, cause, (attempt) =>
      concludeAction(attempt, outcome),
    );
    await this.views.reached(position);
    return { actionAttemptId };
  }

  private async stand(device: Device, what: SimulateKeypad['what'], cause: Cause) {
    try {
      const event =
        what === 'lock'
          ? locked(device, await this.simulator.lockByHand(device.lockId))
          : await this.entered(device, await this.simulator.enterPin(device.lockId, what.enter));
      if (event) await this.streams.doors.record(event, cause);
      return 'success' as const;
    } catch (error) {
      if (!(error instanceof NotSimulated)) throw error;
      return { errorCode: 'NOT_SIMULATED', message: 'There is no simulated lock behind this device.' };
    }
  }

  private async entered(device: Device, answer: KeypadAnswer): Promise<DoorEvent | null> {
    const { opens, event_id: reportId, access_code_id: lockCodeId } = answer;
    if (reportId === null) return null;
    const where = whereAt(device, reportId);
    if (!opens) return { type: 'AccessDenied', data: where };
    const codeId = lockCodeId === null ? undefined : await this.rows.codeOf(device.deviceId, lockCodeId);
    const how = { method: 'keycode', codeId: codeId ?? null, actionAttemptId: null } as const;
    return { type: 'DoorUnlocked', data: { ...where, ...how, viaBluetooth: false } };
  }
}

function locked(device: Device, { event_id: reportId }: Pick<KeypadAnswer, 'event_id'>): DoorEvent | null {
  if (reportId === null) return null;
  const how = { method: 'manual', codeId: null, actionAttemptId: null, viaBluetooth: false } as const;
  return { type: 'DoorLocked', data: { ...whereAt(device, reportId), ...how } };
}

const whereAt = ({ deviceId, accountId, workspaceId }: Device, reportId: string) => ({
  deviceId,
  accountId,
  workspaceId,
  reportKey: `report/${reportId}`,
});
