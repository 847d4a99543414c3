import { GetConnectedAccountHandler, ListConnectedAccountsHandler } from './account-queries';
import {
  GetDeviceHandler,
  GetUnmanagedDeviceHandler,
  ListDevicesHandler,
  ListUnmanagedDevicesHandler,
} from './device-queries';

export { deviceTypeOf } from './device-type';
export { ACCOUNTS, DEVICES, DevicesProjection, type DevicesTables } from './devices-projection';
export {
  accountErrors,
  accountWarnings,
  deviceErrors,
  deviceWarnings,
  type SeamError,
  type SeamWarning,
} from './issues';
export { presentAccount, type SeamConnectedAccount } from './present-account';
export { presentDevice, type SeamDevice, type SeamUnmanagedDevice } from './present-device';
export { GetActionAttemptHandler } from './action-queries';
export { actionTypeOf, presentAction, type SeamActionAttempt } from './present-action';
export * from './queries';
export type { DeviceWithAccount } from './kept-devices';
export { contains, meant as meantByMetadata, readDevices } from './read-devices';

export { GetDeviceHandler, ListDevicesHandler, ListUnmanagedDevicesHandler };

/** Providers that answer the queries on devices and connected accounts. */
export const deviceQueryHandlers = [
  GetDeviceHandler,
  ListDevicesHandler,
  GetUnmanagedDeviceHandler,
  ListUnmanagedDevicesHandler,
  GetConnectedAccountHandler,
  ListConnectedAccountsHandler,
];
