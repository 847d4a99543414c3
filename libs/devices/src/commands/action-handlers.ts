import type { DeviceRefusal } from '../domain/refused';
import { causedBy, Refusal, systemCause } from '@latchkey/event-sourcing';
import type { LockGateway, LockRef } from '@latchkey/gateways';
import { derivedId, GATEWAY } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { concludeAction, requestAction } from '../domain/action-attempt';
import type { Device } from '../domain/device';
import { DeviceStreams } from '../streams';
import { ConcludeAction, OperateLock } from './action-commands';

@CommandHandler(OperateLock)
export class OperateLockHandler implements ICommandHandler<OperateLock> {
  constructor(
    private readonly streams: DeviceStreams,
    @Inject(GATEWAY) private readonly gateway: LockGateway,
  ) {}

  async execute({ caller, deviceId, action }: OperateLock): Promise<{ actionAttemptId: string }> {
    const { state: device } = await this.streams.devices.load(deviceId);
    const { workspaceId } = caller;
    if (device?.workspaceId !== workspaceId || device.removedAt !== null || !device.managed)
      throw Refusal.absent('device');
    const { canRemotelyLock, canRemotelyUnlock } = device.capabilities;
    if (!(action === 'lock' ? canRemotelyLock : canRemotelyUnlock)) {
      throw Refusal.untimely<DeviceRefusal>(
        'action-not-supported',
        `This device can not be ${action}ed remotely.`,
      );
    }
    // The same id for a request that is tried again: the outcome of the first one comes with the lock's report or the
    // deadline. A door that somebody has locked since must not be unlocked again.
    const actionAttemptId = derivedId(caller.requestId, `${action} ${deviceId}`);
    if ((await this.streams.attempts.load(actionAttemptId)).state) return { actionAttemptId };
    const cause = causedBy(caller);
    await this.streams.attempts.transact(actionAttemptId, cause, (attempt) =>
      requestAction(attempt, { actionAttemptId, workspaceId, deviceId, action }),
    );
    const { accountId, maker, lockId } = device;
    const answer = await this.gateway.operate({ accountId, maker, lockId }, action, actionAttemptId);
    // Accepted, or sent without an answer: the outcome comes with the lock's report or the deadline.
    if (answer.kind !== 'accepted' && answer.kind !== 'unknown') {
      const errorCode = answer.kind === 'refused' ? answer.errorCode : 'UNREACHABLE';
      await this.streams.attempts.transact(actionAttemptId, cause, (attempt) =>
        concludeAction(attempt, { errorCode, message: answer.message }),
      );
    }
    return { actionAttemptId };
  }
}

@CommandHandler(ConcludeAction)
export class ConcludeActionHandler implements ICommandHandler<ConcludeAction> {
  constructor(private readonly streams: DeviceStreams) {}

  async execute({ actionAttemptId, reporter, outcome }: ConcludeAction): Promise<void> {
    const { state } = await this.streams.attempts.load(actionAttemptId);
    const device = state?.deviceId ? (await this.streams.devices.load(state.deviceId)).state : null;
    if (!device || !isLock(device, reporter)) return;
    const cause = systemCause({
      correlationId: actionAttemptId,
      causationId: 'lock report',
      workspaceId: device.workspaceId,
    });
    const { success, errorCode } = outcome;
    const code = errorCode ?? 'FAILED';
    const told = success ? 'success' : { errorCode: code, message: `The lock reported ${code}.` };
    await this.streams.attempts.transact(actionAttemptId, cause, (attempt) => concludeAction(attempt, told));
  }
}

const isLock = (device: Device, { accountId, maker, lockId }: LockRef): boolean =>
  device.accountId === accountId && device.maker === maker && device.lockId === lockId;

/** Providers of all of these. */
export const actionHandlers = [OperateLockHandler, ConcludeActionHandler];
