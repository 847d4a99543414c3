export { DevicesModule } from './devices.module';
export * from './domain/account';
export * from './domain/battery';
export * from './domain/device';
export type { DeviceRefusal } from './domain/refused';
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
export * from './domain/action-attempt';
export * from './domain/door';
export { DoorLog } from './door-log';
export * from './domain/webview-login';
export * from './views';
export * from './commands/commands';
export * from './commands/action-commands';
export { accountHandlers } from './commands/account-handlers';
export { actionHandlers } from './commands/action-handlers';
export { deviceHandlers } from './commands/device-handlers';
export { AccountWatch, deviceIdOf, type AccountWatchSettings } from './process-manager/account-watch';
export { type CodesOnDevice, Departures } from './process-manager/departures';
export { forgetAccount } from './process-manager/forget-account';
export { LocalConnections } from './process-manager/local-connections';
export { moveReports } from './process-manager/move-reports';
export { ReportAddresses } from './process-manager/report-addresses';
export type { KnownLock, KnownLocks } from './process-manager/known-locks';
export { recordOutage } from './process-manager/outages';
export { DeviceStreams } from './streams';
export { ConnectedAccountsController } from './http/connected-accounts.controller';
export { DevicesController } from './http/devices.controller';
export { ACTION_ATTEMPT_SCHEMA, LocksController } from './http/locks.controller';
export { UnmanagedDevicesController } from './http/unmanaged-devices.controller';
