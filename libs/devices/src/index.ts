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
