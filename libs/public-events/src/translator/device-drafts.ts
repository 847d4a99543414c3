import {
  type Account,
  accountErrors,
  type AccountEvent,
  accountWarnings,
  type Device,
  batteryStatusOf,
  deviceErrors,
  deviceWarnings,
  LOW_BATTERY,
  type DeviceEvent,
  displayNameOf,
} from '@latchkey/devices';
import type { Draft } from '../public-event';

export interface DeviceStep {
  readonly event: DeviceEvent;
  readonly before: Device | null;
  readonly after: Device;
}

/** The first words of what is told of a device. */
const kindOf = (device: Device): string => (device.managed ? 'device' : 'device.unmanaged');

function renamed(before: Device | null, after: Device): Draft[] {
  if (!before || before.deletedAt !== null || displayNameOf(before) === displayNameOf(after)) return [];
  return [{ type: 'device.name_changed', body: { ...idsOf(after), device_name: displayNameOf(after) } }];
}

/** Not when the first level comes: before, there was none to have changed. */
function batteryStatusChanged(before: Device | null, after: Device): Draft[] {
  const [from, to] = [before?.batteryLevel ?? null, after.batteryLevel ?? null];
  if (from === null || to === null || batteryStatusOf(from) === batteryStatusOf(to)) return [];
  const body = { ...idsOf(after), battery_level: to, battery_status: batteryStatusOf(to) };
  return [{ type: 'device.battery_status_changed', body }];
}

/** What integrations are told when this happens to a device. */
export function deviceDrafts({ event, before, after }: DeviceStep, account: Account | null): Draft[] {
  return [
    ...happened({ event, before, after }, account),
    ...batteryStatusChanged(before, after),
    ...renamed(before, after),
  ];
}

function happened({ event, before, after }: DeviceStep, account: Account | null): Draft[] {
  const body = idsOf(after);
  const connected: Draft = { type: `${kindOf(after)}.connected`, body };
  switch (event.type) {
    case 'DeviceAdded':
      return [{ type: 'device.added', body }, connected];
    case 'DeviceConnected':
      return [connected];
    case 'DeviceDisconnected':
      // For another reason than before: it was offline all the time.
      return before?.online === false ? [] : [disconnected(after, account, event.data.errorCode)];
    case 'DeviceRemoved':
      return [{ type: 'device.removed', body }];
    case 'DeviceDeleted':
      return [{ type: 'device.deleted', body: { ...body, device_name: displayNameOf(after) } }];
    case 'DeviceConvertedToUnmanaged':
      return [{ type: 'device.converted_to_unmanaged', body }];
    case 'DeviceConvertedToManaged':
      return [{ type: 'device.unmanaged.converted_to_managed', body }];
    case 'BatteryRanLow':
      return [
        { type: 'device.low_battery', body: { ...body, battery_level: event.data.level ?? LOW_BATTERY } },
      ];
    // A lock whose clock is wrong has no word in the API that was there before.
    case 'ClockDrifted':
      return [{ type: 'device.clock_drifted', body: { ...body, ...troublesOf(after, account) } }];
    case 'ClockCorrected':
      return [{ type: 'device.clock_corrected', body }];
    default:
      return [];
  }
}

/** What integrations are told when this happens to an account with these devices. */
export function accountDrafts(event: AccountEvent, after: Account, devices: readonly Device[]): Draft[] {
  const body = { connected_account_id: after.accountId };
  const invited = (connectWebviewId: string | undefined) =>
    connectWebviewId === undefined ? {} : { connect_webview_id: connectWebviewId };
  const loggedIn = (connectWebviewId: string | undefined): Draft[] =>
    connectWebviewId === undefined
      ? []
      : [{ type: 'connect_webview.login_succeeded', body: { ...body, ...invited(connectWebviewId) } }];
  const there = devices.filter((device) => device.removedAt === null);
  const online = there.filter((device) => device.online);
  switch (event.type) {
    case 'AccountConnected':
      return [
        ...loggedIn(event.data.connectWebviewId),
        // The API's event names the invitation: there is none of an account that the sandbox began with.
        ...(event.data.connectWebviewId === undefined
          ? []
          : [
              {
                type: 'connected_account.created',
                body: { ...body, ...invited(event.data.connectWebviewId) },
              },
            ]),
        {
          type: 'connected_account.connected',
          body: { ...body, ...invited(event.data.connectWebviewId) },
        },
      ];
    case 'FirstSyncCompleted':
      return [{ type: 'connected_account.completed_first_sync', body }];
    case 'LoginRepeated':
      return loggedIn(event.data.connectWebviewId);
    case 'AccountReconnected':
      return [
        ...loggedIn(event.data.connectWebviewId),
        {
          type: 'connected_account.connected',
          body: { ...body, ...invited(event.data.connectWebviewId) },
        },
        ...online.map((device) =>
          keyed(device, { type: `${kindOf(device)}.connected`, body: idsOf(device) }),
        ),
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
      // Its devices are deleted one by one, and told of as that happens.
      return [{ type: 'connected_account.deleted', body: { ...body, connected_account_type: after.maker } }];
    default:
      return [];
  }
}

function disconnected(device: Device, account: Account | null, errorCode: string): Draft {
  const body = { ...idsOf(device), error_code: errorCode, ...troublesOf(device, account) };
  return { type: `${kindOf(device)}.disconnected`, body };
}

const troublesOf = (device: Device, account: Account | null) => ({
  device_errors: deviceErrors(device, account),
  device_warnings: deviceWarnings(device),
  connected_account_errors: accountErrors(account),
  connected_account_warnings: accountWarnings(account),
});

const keyed = (device: Device, draft: Draft): Draft => ({ ...draft, key: device.deviceId });

const idsOf = (device: Device) => ({ device_id: device.deviceId, connected_account_id: device.accountId });
