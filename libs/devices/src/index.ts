export * from './domain/account';
export * from './domain/device';
export {
  add as addDevice,
  connection as deviceConnection,
  deleteDevice,
  type DeviceWishes,
  laidOver,
  observe as observeDevice,
  remove as removeDevice,
  reportCodeLengths,
  updateDevice,
} from './domain/device-decisions';
export * from './domain/door';
export { DoorLog } from './doors/door-log';
export * from './domain/webview-login';
export * from './views';
export * from './commands/commands';
export * from './actions';
export { ConnectedAccountsController } from './http/connected-accounts.controller';
export { DevicesController } from './http/devices.controller';
export { ACTION_ATTEMPT_SCHEMA, LocksController } from './http/locks.controller';
export { UnmanagedDevicesController } from './http/unmanaged-devices.controller';
