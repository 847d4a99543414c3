import { By, type Caller, Flag, Metadata, PAGINATION, Params, SeamRoute, Uuid } from '@latchkey/http';
import { ApiError, emptyPage } from '@latchkey/platform';
import { Controller } from '@nestjs/common';
import { DEVICE_SCHEMA } from './device.schema';
import { GetDeviceParams, ListDevicesParams } from './device-params';
import { whichDevice } from './devices.controller';

class UpdateUnmanagedDeviceParams {
  @Uuid()
  device_id!: string;

  @Flag({ optional: true })
  is_managed?: boolean;

  @Metadata({ optional: true })
  custom_metadata?: Record<string, unknown>;
}

/** /devices/unmanaged: every device of a connected account is managed here, so that there are none of these. */
@Controller()
export class UnmanagedDevicesController {
  @SeamRoute('/devices/unmanaged/get', ['GET'], {
    summary: 'One unmanaged device: there are none',
    answer: { device: DEVICE_SCHEMA },
    params: GetDeviceParams,
  })
  get(@By() _: Caller, @Params(GetDeviceParams) params: GetDeviceParams): never {
    whichDevice(params);
    throw ApiError.notFound('device');
  }

  @SeamRoute('/devices/unmanaged/list', ['GET'], {
    summary: 'Unmanaged devices: there are none',
    answer: { devices: { listOf: DEVICE_SCHEMA }, pagination: PAGINATION },
    params: ListDevicesParams,
  })
  list(@By() _: Caller, @Params(ListDevicesParams) _params: ListDevicesParams) {
    const { items, pagination } = emptyPage();
    return { devices: items, pagination };
  }

  @SeamRoute('/devices/unmanaged/update', ['PATCH'], {
    summary: 'Takes an unmanaged device over: there are none',
    params: UpdateUnmanagedDeviceParams,
  })
  update(@By() _: Caller, @Params(UpdateUnmanagedDeviceParams) _params: UpdateUnmanagedDeviceParams): never {
    throw ApiError.notFound('device');
  }
}
