import {
  By,
  type Caller,
  MayBeRepeated,
  pageAsked,
  PAGINATION,
  Params,
  type Repeatable,
  RepeatableDeletes,
  SeamRoute,
} from '@latchkey/http';
import { ApiError, emptyPage, type Page } from '@latchkey/platform';
import { Controller } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { DeleteDevice, SimulateDevice, UpdateDevice } from '../commands/commands';
import type { SeamDevice } from '../views/present-device';
import { type DeviceFilter, GetDevice, ListDevices } from '../views/queries';
import { DEVICE_SCHEMA } from './device.schema';
import { DeviceIdParams, GetDeviceParams, ListDevicesParams, UpdateDeviceParams } from './device-params';

/** /devices */
@Controller()
export class DevicesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly deletes: RepeatableDeletes,
  ) {}

  @SeamRoute('/devices/get', ['GET'], {
    summary: 'One device',
    answer: { device: DEVICE_SCHEMA },
    params: GetDeviceParams,
  })
  async get(@By() { workspaceId }: Caller, @Params(GetDeviceParams) params: GetDeviceParams) {
    return { device: await this.queries.execute(new GetDevice(workspaceId, whichDevice(params))) };
  }

  @SeamRoute('/devices/list', ['GET'], {
    summary: 'Devices, in the order in which they were added',
    answer: { devices: { listOf: DEVICE_SCHEMA }, pagination: PAGINATION },
    params: ListDevicesParams,
  })
  async list(@By() { workspaceId }: Caller, @Params(ListDevicesParams) params: ListDevicesParams) {
    const { items, pagination } = await listDevices(this.queries, workspaceId, params);
    return { devices: items, pagination };
  }

  @SeamRoute('/devices/update', ['PATCH'], {
    summary: 'Names a device, stores metadata with it, or leaves it alone from then on',
    params: UpdateDeviceParams,
  })
  async update(@By() caller: Caller, @Params(UpdateDeviceParams) params: UpdateDeviceParams) {
    const { device_id, custom_metadata: customMetadata, is_managed: managed } = params;
    const { backup_access_code_pool_enabled: backupPool } = params;
    const nickname = params.name === undefined ? params.properties?.name : params.name;
    const wanted = {
      ...(nickname === undefined ? {} : { nickname }),
      ...(customMetadata === undefined ? {} : { customMetadata }),
      ...(backupPool === undefined ? {} : { backupPool }),
      ...(managed === undefined ? {} : { managed }),
    };
    await this.commands.execute(new UpdateDevice(caller, device_id, wanted, 'managed'));
    return {};
  }

  @SeamRoute('/devices/delete', ['DELETE'], {
    summary: 'Deletes a device and its codes here; its lock is left as it is',
    params: DeviceIdParams,
  })
  async delete(
    @By() caller: Caller,
    @MayBeRepeated() repeatable: Repeatable,
    @Params(DeviceIdParams) { device_id }: DeviceIdParams,
  ) {
    await this.deletes.run(caller, repeatable, device_id, () =>
      this.commands.execute(new DeleteDevice(caller, device_id)),
    );
    return {};
  }

  @SeamRoute('/devices/simulate/connect_to_hub', ['POST'], {
    summary: 'Brings the hub of a simulated lock back online',
    params: DeviceIdParams,
    sandboxOnly: true,
  })
  connectToHub(@By() caller: Caller, @Params(DeviceIdParams) { device_id }: DeviceIdParams) {
    return this.simulate(caller, device_id, 'connect_to_hub');
  }

  @SeamRoute('/devices/simulate/disconnect_from_hub', ['POST'], {
    summary: 'Takes the hub of a simulated lock offline, and the lock with it',
    params: DeviceIdParams,
    sandboxOnly: true,
  })
  disconnectFromHub(@By() caller: Caller, @Params(DeviceIdParams) { device_id }: DeviceIdParams) {
    return this.simulate(caller, device_id, 'disconnect_from_hub');
  }

  @SeamRoute('/devices/simulate/connect', ['POST'], {
    summary: 'Brings a simulated lock back online',
    params: DeviceIdParams,
    sandboxOnly: true,
  })
  connect(@By() caller: Caller, @Params(DeviceIdParams) { device_id }: DeviceIdParams) {
    return this.simulate(caller, device_id, 'connect');
  }

  @SeamRoute('/devices/simulate/disconnect', ['POST'], {
    summary: 'Takes a simulated lock offline',
    params: DeviceIdParams,
    sandboxOnly: true,
  })
  disconnect(@By() caller: Caller, @Params(DeviceIdParams) { device_id }: DeviceIdParams) {
    return this.simulate(caller, device_id, 'disconnect');
  }

  @SeamRoute('/devices/simulate/remove', ['POST'], {
    summary: "Takes a simulated lock out of its owner's account",
    params: DeviceIdParams,
    sandboxOnly: true,
  })
  remove(@By() caller: Caller, @Params(DeviceIdParams) { device_id }: DeviceIdParams) {
    return this.simulate(caller, device_id, 'remove');
  }

  private async simulate(caller: Caller, deviceId: string, what: SimulateDevice['what']) {
    await this.commands.execute(new SimulateDevice(caller, deviceId, what));
    return {};
  }
}

/** By its id or by its name. */
export function whichDevice({ device_id: deviceId, name }: GetDeviceParams) {
  if (deviceId !== undefined) return { deviceId };
  if (name !== undefined) return { name };
  throw ApiError.invalidInput('Say which device: device_id or name.', {
    device_id: 'is required unless name is given',
  });
}

/**
 * One page of the devices that the parameters ask for. What devices can do depends on their state, so it is filtered
 * last: a page may hold fewer than its limit and still be followed by another.
 */
export async function listDevices(
  queries: QueryBus,
  workspaceId: string,
  params: ListDevicesParams,
): Promise<Page<SeamDevice>> {
  if (ofNone(params)) return emptyPage();
  const { items, pagination } = await queries.execute(
    new ListDevices(workspaceId, filterOf(params), pageAsked(params)),
  );
  return { items: items.filter((device) => isAble(device, params)), pagination };
}

function isAble(device: SeamDevice, { include_if, exclude_if }: ListDevicesParams): boolean {
  const can = (what: string) => (device as unknown as Record<string, unknown>)[what] === true;
  return (include_if === undefined || include_if.some(can)) && !(exclude_if ?? []).some(can);
}

/** Whether only devices of a kind that does not exist here are requested. */
export function ofNone({ unstable_location_id, space_id, user_identifier_key }: ListDevicesParams): boolean {
  return (unstable_location_id ?? undefined) !== undefined || (space_id ?? user_identifier_key) !== undefined;
}

export function filterOf(params: ListDevicesParams): DeviceFilter {
  const filter: DeviceFilter = {
    deviceIds: params.device_ids,
    connectedAccountId: params.connected_account_id,
    connectedAccountIds: params.connected_account_ids,
    connectWebviewId: params.connect_webview_id,
    deviceType: params.device_type,
    deviceTypes: params.device_types,
    manufacturer: params.manufacturer,
    search: params.search,
    createdBefore: params.created_before,
    customerKey: params.customer_key,
    customMetadataHas: params.custom_metadata_has,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
