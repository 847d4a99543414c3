import { type Cause, DeciderStreams, type EventStore } from '@latchkey/event-sourcing';
import type { LockGateway } from '@latchkey/gateways';
import {
  ApiError,
  CLOCK,
  type Clock,
  CONFIG,
  type Config,
  EVENT_STORE,
  GATEWAY,
  IDS,
  type Ids,
} from '@latchkey/platform';
import { Inject, Injectable } from '@nestjs/common';
import { CommandHandler, type ICommandHandler, type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { type Device, DEVICE, deviceCodec, type DeviceEvent, deviceFold } from '../domain/device';
import {
  ACTION_ATTEMPT,
  type ActionAttempt,
  actionCodec,
  type ActionEvent,
  actionFold,
  concludeAction,
  requestAction,
} from './action-attempt';
import { ConcludeAction, GetActionAttempt, OperateLock } from './commands';
import { presentAction, type SeamActionAttempt } from './present-action';

/** The streams of action attempts, and of the devices that they are about. */
@Injectable()
export class ActionStreams {
  readonly attempts: DeciderStreams<ActionAttempt | null, ActionEvent>;
  readonly devices: DeciderStreams<Device | null, DeviceEvent>;

  constructor(@Inject(EVENT_STORE) store: EventStore, @Inject(CLOCK) clock: Clock, @Inject(IDS) ids: Ids) {
    const shared = { store, clock, ids, cacheSize: 1000 };
    this.attempts = new DeciderStreams({
      ...shared,
      category: ACTION_ATTEMPT,
      codec: actionCodec,
      fold: actionFold,
    });
    this.devices = new DeciderStreams({ ...shared, category: DEVICE, codec: deviceCodec, fold: deviceFold });
  }
}

@CommandHandler(OperateLock)
export class OperateLockHandler implements ICommandHandler<OperateLock> {
  constructor(
    private readonly streams: ActionStreams,
    @Inject(GATEWAY) private readonly gateway: LockGateway,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  async execute({ caller, deviceId, action }: OperateLock): Promise<{ actionAttemptId: string }> {
    const { state: device } = await this.streams.devices.load(deviceId);
    const { workspaceId, requestId, actor } = caller;
    if (device?.workspaceId !== workspaceId || device.removedAt !== null || !device.managed)
      throw ApiError.notFound('device');
    const { canRemotelyLock, canRemotelyUnlock } = device.capabilities;
    if (!(action === 'lock' ? canRemotelyLock : canRemotelyUnlock)) {
      throw ApiError.badRequest('action_not_supported', `This device can not be ${action}ed from afar.`);
    }
    const actionAttemptId = this.ids.uuid();
    const cause = { correlationId: requestId, causationId: requestId, actor, workspaceId };
    await this.streams.attempts.transact(actionAttemptId, cause, (attempt) =>
      requestAction(attempt, { actionAttemptId, workspaceId, deviceId, action }),
    );
    const { accountId, maker, lockId } = device;
    const answer = await this.gateway.operate({ accountId, maker, lockId }, action, actionAttemptId);
    // Accepted, or sent without an answer: the lock's own report tells, or the deadline.
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
  constructor(private readonly streams: ActionStreams) {}

  async execute({ actionAttemptId, reporter, outcome }: ConcludeAction): Promise<void> {
    const { state } = await this.streams.attempts.load(actionAttemptId);
    const device = state?.deviceId ? (await this.streams.devices.load(state.deviceId)).state : null;
    if (device?.maker !== reporter.maker || device.lockId !== reporter.lockId) return;
    const cause: Cause = {
      correlationId: actionAttemptId,
      causationId: 'lock report',
      actor: { type: 'system' },
      workspaceId: device.workspaceId,
    };
    const { success, errorCode } = outcome;
    const code = errorCode ?? 'FAILED';
    const told = success ? 'success' : { errorCode: code, message: `The lock reported ${code}.` };
    await this.streams.attempts.transact(actionAttemptId, cause, (attempt) => concludeAction(attempt, told));
  }
}

/** Reads attempts straight from their streams: whoever just asked for one finds it. */
@QueryHandler(GetActionAttempt)
export class GetActionAttemptHandler implements IQueryHandler<GetActionAttempt> {
  constructor(
    private readonly streams: ActionStreams,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'commandDeadline'>,
  ) {}

  async execute({ workspaceId, actionAttemptId }: GetActionAttempt): Promise<SeamActionAttempt> {
    const { state } = await this.streams.attempts.load(actionAttemptId);
    if (state?.workspaceId !== workspaceId) throw ApiError.notFound('action_attempt');
    return presentAction(state, { now: this.clock.now(), deadline: this.config.commandDeadline });
  }
}

/** Providers of all of these. */
export const actionHandlers = [
  ActionStreams,
  OperateLockHandler,
  ConcludeActionHandler,
  GetActionAttemptHandler,
];
