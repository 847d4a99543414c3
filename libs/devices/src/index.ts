export * from './domain/account';
export {
  add as addDevice,
  connection as deviceConnection,
  DEVICE,
  type Device,
  deviceCodec,
  type DeviceEvent,
  deviceFold,
  type Disconnection,
  observe as observeDevice,
  remove as removeDevice,
} from './domain/device';
export * from './views';
export * from './commands/commands';
export * from './actions';
export { ConnectedAccountsController } from './http/connected-accounts.controller';
export { DevicesController } from './http/devices.controller';
export { ACTION_ATTEMPT_SCHEMA, LocksController } from './http/locks.controller';
export { UnmanagedDevicesController } from './http/unmanaged-devices.controller';
