import {
  By,
  type Caller,
  DeviceLimits,
  Flag,
  PAGINATION,
  Params,
  schema,
  SeamRoute,
  Text,
  DeviceId,
} from '@latchkey/http';
import { Controller } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { OperateLock } from '../commands/action-commands';
import { GetActionAttempt, GetDevice } from '../views/queries';
import { SimulateKeypad } from '../commands/commands';
import { DEVICE_SCHEMA } from './device.schema';
import { DeviceIdParams, GetDeviceParams, ListDevicesParams } from './device-params';
import { listDevices, whichDevice } from './devices.controller';

const { anything, id, named, objectOf, oneOf, orNull, text } = schema;

/** One attempt at an action, and its outcome. */
export const ACTION_ATTEMPT_SCHEMA = named(
  'action_attempt',
  objectOf({
    action_attempt_id: id,
    action_type: text,
    status: oneOf('pending', 'success', 'error'),
    result: orNull(anything),
    error: orNull(objectOf({ type: text, message: text })),
  }),
);

class OperateLockParams {
  @DeviceId()
  device_id!: string;

  @Flag({ optional: true, default: false, description: 'Without effect: answers never wait for the lock.' })
  sync?: boolean;
}

class KeypadCodeEntryParams {
  @DeviceId()
  device_id!: string;

  @Text({ min: 1, max: 20, pattern: /^[0-9]+$/, message: 'must be digits', description: 'What is entered.' })
  code!: string;
}

/** /locks: devices that are locks, and locking and unlocking them. */
@Controller()
export class LocksController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly limits: DeviceLimits,
  ) {}

  @SeamRoute('/locks/get', ['GET'], {
    summary: 'One lock',
    answer: { lock: DEVICE_SCHEMA, device: DEVICE_SCHEMA },
    params: GetDeviceParams,
  })
  async get(@By() { workspaceId }: Caller, @Params(GetDeviceParams) params: GetDeviceParams) {
    const device = await this.queries.execute(new GetDevice(workspaceId, whichDevice(params)));
    return { lock: device, device };
  }

  @SeamRoute('/locks/list', ['GET'], {
    summary: 'Locks, in the order in which they were added',
    answer: { locks: { listOf: DEVICE_SCHEMA }, devices: { listOf: DEVICE_SCHEMA }, pagination: PAGINATION },
    params: ListDevicesParams,
  })
  async list(@By() { workspaceId }: Caller, @Params(ListDevicesParams) params: ListDevicesParams) {
    const { items, pagination } = await listDevices(this.queries, workspaceId, params);
    return { locks: items, devices: items, pagination };
  }

  @SeamRoute('/locks/lock_door', ['POST'], {
    summary: 'Locks a door',
    answer: { action_attempt: ACTION_ATTEMPT_SCHEMA },
    params: OperateLockParams,
  })
  lock(@By() caller: Caller, @Params(OperateLockParams) { device_id }: OperateLockParams) {
    return this.operate(caller, device_id, 'lock');
  }

  @SeamRoute('/locks/unlock_door', ['POST'], {
    summary: 'Unlocks a door',
    answer: { action_attempt: ACTION_ATTEMPT_SCHEMA },
    params: OperateLockParams,
  })
  unlock(@By() caller: Caller, @Params(OperateLockParams) { device_id }: OperateLockParams) {
    return this.operate(caller, device_id, 'unlock');
  }

  @SeamRoute('/locks/simulate/keypad_code_entry', ['POST'], {
    summary: 'Enters a code on the keypad of a simulated lock',
    answer: { action_attempt: ACTION_ATTEMPT_SCHEMA },
    params: KeypadCodeEntryParams,
    sandboxOnly: true,
  })
  enter(@By() caller: Caller, @Params(KeypadCodeEntryParams) params: KeypadCodeEntryParams) {
    return this.simulate(new SimulateKeypad(caller, params.device_id, { enter: params.code }));
  }

  @SeamRoute('/locks/simulate/manual_lock_via_keypad', ['POST'], {
    summary: 'Locks the door of a simulated lock by hand',
    answer: { action_attempt: ACTION_ATTEMPT_SCHEMA },
    params: DeviceIdParams,
    sandboxOnly: true,
  })
  lockByHand(@By() caller: Caller, @Params(DeviceIdParams) { device_id }: DeviceIdParams) {
    return this.simulate(new SimulateKeypad(caller, device_id, 'lock'));
  }

  private async simulate(command: SimulateKeypad) {
    const { actionAttemptId } = await this.commands.execute(command);
    return this.attemptOf(command.caller.workspaceId, actionAttemptId);
  }

  private async operate(caller: Caller, deviceId: string, action: OperateLock['action']) {
    await this.limits.take('operate', caller, deviceId);
    const { actionAttemptId } = await this.commands.execute(new OperateLock(caller, deviceId, action));
    return this.attemptOf(caller.workspaceId, actionAttemptId);
  }

  private async attemptOf(workspaceId: string, actionAttemptId: string) {
    return {
      action_attempt: await this.queries.execute(new GetActionAttempt(workspaceId, actionAttemptId)),
    };
  }
}
