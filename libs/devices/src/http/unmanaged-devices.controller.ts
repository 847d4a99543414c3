import {
  By,
  type Caller,
  Flag,
  Metadata,
  pageAsked,
  PAGINATION,
  Params,
  SeamRoute,
  DeviceId,
} from '@latchkey/http';
import { ApiError, emptyPage } from '@latchkey/platform';
import { Controller } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { UpdateDevice } from '../commands/commands';
import { GetUnmanagedDevice, ListUnmanagedDevices } from '../views/queries';
import { UNMANAGED_DEVICE_SCHEMA } from './device.schema';
import { GetDeviceParams, ListDevicesParams } from './device-params';
import { filterOf, ofNone, whichDevice } from './devices.controller';

class UpdateUnmanagedDeviceParams {
  @DeviceId()
  device_id!: string;

  @Flag({ optional: true, description: 'true: the device is managed from then on.' })
  is_managed?: boolean;

  @Metadata({ optional: true, description: 'Laid over what is there; null takes an entry away.' })
  custom_metadata?: Record<string, string | boolean | null>;
}

/** /devices/unmanaged: devices that are followed and left alone. */
@Controller()
export class UnmanagedDevicesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @SeamRoute('/devices/unmanaged/get', ['GET'], {
    summary: 'One unmanaged device',
    answer: { device: UNMANAGED_DEVICE_SCHEMA },
    params: GetDeviceParams,
  })
  async get(@By() { workspaceId }: Caller, @Params(GetDeviceParams) params: GetDeviceParams) {
    return { device: await this.queries.execute(new GetUnmanagedDevice(workspaceId, whichDevice(params))) };
  }

  @SeamRoute('/devices/unmanaged/list', ['GET'], {
    summary: 'Unmanaged devices, in the order in which they were added',
    answer: { devices: { listOf: UNMANAGED_DEVICE_SCHEMA }, pagination: PAGINATION },
    params: ListDevicesParams,
  })
  async list(@By() { workspaceId }: Caller, @Params(ListDevicesParams) params: ListDevicesParams) {
    // An unmanaged device has no capability that a list could be narrowed by.
    const none = ofNone(params) || params.include_if !== undefined;
    const query = new ListUnmanagedDevices(workspaceId, filterOf(params), pageAsked(params));
    const { items, pagination } = none ? emptyPage() : await this.queries.execute(query);
    return { devices: items, pagination };
  }

  @SeamRoute('/devices/unmanaged/update', ['PATCH'], {
    summary: 'Takes an unmanaged device into management, or stores metadata with it',
    params: UpdateUnmanagedDeviceParams,
  })
  async update(
    @By() caller: Caller,
    @Params(UpdateUnmanagedDeviceParams) params: UpdateUnmanagedDeviceParams,
  ) {
    const { device_id, is_managed: managed, custom_metadata: customMetadata } = params;
    if (managed === false) {
      throw ApiError.invalidInput('The device is unmanaged as it is.', { is_managed: 'can only be true' });
    }
    const wanted = {
      ...(customMetadata === undefined ? {} : { customMetadata }),
      ...(managed === undefined ? {} : { managed }),
    };
    await this.commands.execute(new UpdateDevice(caller, device_id, wanted, 'unmanaged'));
    return {};
  }
}
