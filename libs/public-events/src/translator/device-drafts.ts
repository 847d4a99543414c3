import {
  type Account,
  accountErrors,
  type AccountEvent,
  accountWarnings,
  type Device,
  deviceErrors,
  type DeviceEvent,
} from '@latchkey/devices';
import type { Draft } from '../public-event';

/** Below this a battery counts as low, where the lock does not say how low it is. */
const LOW_BATTERY = 0.2;

/** What integrations are told when this happens to a device. */
export function deviceDrafts(event: DeviceEvent, after: Device, account: Account | null): Draft[] {
  const body = idsOf(after);
  switch (event.type) {
    case 'DeviceAdded':
      return [
        { type: 'device.added', body },
        { type: 'device.connected', body },
      ];
    case 'DeviceConnected':
      return [{ type: 'device.connected', body }];
    case 'DeviceDisconnected':
      return [disconnected(after, account, event.data.errorCode)];
    case 'DeviceRemoved':
      return [{ type: 'device.removed', body }];
    case 'BatteryRanLow':
      return [
        { type: 'device.low_battery', body: { ...body, battery_level: event.data.level ?? LOW_BATTERY } },
      ];
    default:
      return [];
  }
}

/** What integrations are told when this happens to an account with these devices. */
export function accountDrafts(event: AccountEvent, after: Account, devices: readonly Device[]): Draft[] {
  const body = { connected_account_id: after.accountId };
  const there = devices.filter((device) => device.removedAt === null);
  const online = there.filter((device) => device.online);
  switch (event.type) {
    case 'AccountConnected':
      return [{ type: 'connected_account.connected', body }];
    case 'AccountReconnected':
      return [
        { type: 'connected_account.connected', body },
        ...online.map((device) => keyed(device, { type: 'device.connected', body: idsOf(device) })),
      ];
    case 'AccountDisconnected':
      return [
        {
          type: 'connected_account.disconnected',
          body: {
            ...body,
            connected_account_errors: accountErrors(after),
            connected_account_warnings: accountWarnings(after),
          },
        },
        ...online.map((device) => keyed(device, disconnected(device, after, 'account_disconnected'))),
      ];
    case 'AccountRemoved':
      return [
        ...there.map((device) =>
          keyed(device, { type: 'device.deleted', body: { ...idsOf(device), device_name: device.name } }),
        ),
        { type: 'connected_account.deleted', body },
      ];
    default:
      return [];
  }
}

function disconnected(device: Device, account: Account | null, errorCode: string): Draft {
  return {
    type: 'device.disconnected',
    body: {
      ...idsOf(device),
      error_code: errorCode,
      device_errors: deviceErrors(device, account),
      device_warnings: [],
      connected_account_errors: accountErrors(account),
      connected_account_warnings: accountWarnings(account),
    },
  };
}

const keyed = (device: Device, draft: Draft): Draft => ({ ...draft, key: device.deviceId });

const idsOf = (device: Device) => ({ device_id: device.deviceId, connected_account_id: device.accountId });
