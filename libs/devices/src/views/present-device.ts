import { backupPoolSize } from '@latchkey/gateways';
import { iso } from '@latchkey/platform';
import type { Account } from '../domain/account';
import { type BatteryStatus, batteryStatusOf } from '../domain/battery';
import { type Device, displayNameOf } from '../domain/device';
import { deviceTypeOf } from './device-type';
import { deviceErrors, deviceWarnings, type SeamError, type SeamWarning } from './issues';

export interface SeamCodeConstraint {
  constraint_type: string;
  min_length?: number;
  max_length?: number;
}

/** A device in the API's shape. */
export interface SeamDevice {
  device_id: string;
  workspace_id: string;
  connected_account_id: string;
  device_type: string;
  device_manufacturer: { manufacturer: string; display_name: string };
  device_provider: { device_provider_name: string; display_name: string; provider_category: string };
  display_name: string;
  nickname?: string;
  capabilities_supported: string[];
  space_ids: string[];
  custom_metadata: Record<string, string | boolean>;
  location?: { time_zone: string; timezone: string };
  properties: {
    online: boolean;
    /** Left out until its maker has reported it. */
    battery?: { level: number; status: BatteryStatus };
    battery_level?: number;
    /** How its door was left; left out until that was reported. */
    locked?: boolean;
    name: string;
    appearance: { name: string };
    manufacturer: string;
    model: {
      display_name: string;
      manufacturer_display_name: string;
      has_built_in_keypad: boolean;
      can_connect_accessory_keypad: boolean;
      online_access_codes_supported: boolean;
      offline_access_codes_supported: boolean;
      accessory_keypad_supported: boolean;
    };
    online_access_codes_enabled: boolean;
    offline_access_codes_enabled: boolean;
    supports_offline_access_codes: boolean;
    code_constraints: SeamCodeConstraint[];
    supported_code_lengths: number[];
    max_active_codes_supported?: number;
    supports_backup_access_code_pool: boolean;
    /** Left out until it is set. */
    backup_access_code_pool_enabled?: boolean;
    online_time_frame_options: { display_name: string }[];
  };
  can_program_online_access_codes: boolean;
  can_program_offline_access_codes: boolean;
  can_unlock_with_code: boolean;
  can_remotely_lock: boolean;
  can_remotely_unlock: boolean;
  can_simulate_connection: boolean;
  can_simulate_disconnection: boolean;
  can_simulate_removal: boolean;
  can_simulate_hub_connection: boolean;
  can_simulate_hub_disconnection: boolean;
  errors: SeamError[];
  warnings: SeamWarning[];
  created_at: string;
  is_managed: true;
}

const CONSTRAINT_TYPES = new Set([
  'no_zeros',
  'cannot_start_with_12',
  'no_triple_consecutive_ints',
  'cannot_specify_pin_code',
  'pin_code_matches_existing_set',
  'start_date_in_future',
  'no_ascending_or_descending_sequence',
  'at_least_three_unique_digits',
  'cannot_contain_089',
  'cannot_contain_0789',
  'unique_first_four_digits',
  'no_all_same_digits',
  'name_length',
  'name_must_be_unique',
]);

/** What a device can do. */
const CAN_FLAGS = [
  'can_program_online_access_codes',
  'can_program_offline_access_codes',
  'can_unlock_with_code',
  'can_remotely_lock',
  'can_remotely_unlock',
  'can_simulate_connection',
  'can_simulate_disconnection',
  'can_simulate_removal',
  'can_simulate_hub_connection',
  'can_simulate_hub_disconnection',
] as const satisfies readonly (keyof SeamDevice)[];

type CanFlag = (typeof CAN_FLAGS)[number];

/** A device that is not managed, in the API's shape. */
export interface SeamUnmanagedDevice extends Pick<
  SeamDevice,
  | 'device_id'
  | 'workspace_id'
  | 'connected_account_id'
  | 'device_type'
  | 'capabilities_supported'
  | 'custom_metadata'
  | 'location'
  | 'errors'
  | 'warnings'
  | 'created_at'
  | 'display_name'
  | CanFlag
> {
  properties: Pick<
    SeamDevice['properties'],
    | 'name'
    | 'online'
    | 'manufacturer'
    | 'model'
    | 'online_access_codes_enabled'
    | 'offline_access_codes_enabled'
  >;
  is_managed: false;
}

/** Shows a device as the API does. `sandbox`: whether it may be simulated; `locked`: how its door was left. */
export function presentDevice(
  device: Device,
  account: Account | null,
  { sandbox, locked = null }: { sandbox: boolean; locked?: boolean | null },
): SeamDevice {
  const { capabilities } = device;
  const there = device.removedAt === null;
  const online = device.online && there && (account?.connected ?? true);
  const simulated = sandbox && there;
  return {
    device_id: device.deviceId,
    workspace_id: device.workspaceId,
    connected_account_id: device.accountId,
    device_type: deviceTypeOf(device.maker),
    device_manufacturer: { manufacturer: device.maker, display_name: device.maker },
    device_provider: {
      device_provider_name: device.maker,
      display_name: device.maker,
      provider_category: 'stable',
    },
    display_name: displayNameOf(device),
    ...(device.nickname === null ? {} : { nickname: device.nickname }),
    capabilities_supported: ['access_code', 'lock', 'battery'],
    space_ids: [],
    custom_metadata: { ...device.customMetadata },
    ...(device.timeZone === null
      ? {}
      : { location: { time_zone: device.timeZone, timezone: device.timeZone } }),
    properties: { ...propertiesOf(device, online), ...(locked === null ? {} : { locked }) },
    can_program_online_access_codes: there,
    can_program_offline_access_codes: false,
    can_unlock_with_code: true,
    can_remotely_lock: capabilities.canRemotelyLock && there,
    can_remotely_unlock: capabilities.canRemotelyUnlock && there,
    can_simulate_connection: simulated && device.offlineBecause === 'device_disconnected',
    can_simulate_disconnection: simulated && device.online,
    can_simulate_removal: simulated,
    can_simulate_hub_connection: simulated && device.offlineBecause === 'hub_disconnected',
    can_simulate_hub_disconnection: simulated && device.online,
    errors: deviceErrors(device, account),
    warnings: deviceWarnings(device),
    created_at: iso(device.addedAt),
    is_managed: true,
  };
}

/** What an unmanaged device shows. */
export function presentUnmanagedDevice(device: Device, account: Account | null): SeamUnmanagedDevice {
  const shown = presentDevice(device, account, { sandbox: false });
  const { name, online, manufacturer, model, online_access_codes_enabled, offline_access_codes_enabled } =
    shown.properties;
  return {
    device_id: shown.device_id,
    workspace_id: shown.workspace_id,
    connected_account_id: shown.connected_account_id,
    device_type: shown.device_type,
    display_name: shown.display_name,
    ...canFlags(shown),
    capabilities_supported: shown.capabilities_supported,
    custom_metadata: shown.custom_metadata,
    ...(shown.location ? { location: shown.location } : {}),
    properties: {
      name,
      online,
      manufacturer,
      model,
      online_access_codes_enabled,
      offline_access_codes_enabled,
    },
    errors: shown.errors,
    warnings: shown.warnings,
    created_at: shown.created_at,
    is_managed: false,
  };
}

const canFlags = (shown: SeamDevice) =>
  Object.fromEntries(CAN_FLAGS.map((flag) => [flag, shown[flag]])) as Pick<SeamDevice, CanFlag>;

function propertiesOf(device: Device, online: boolean): SeamDevice['properties'] {
  const { name, maker, capabilities } = device;
  return {
    online,
    ...batteryOf(device),
    name: displayNameOf(device),
    appearance: { name },
    manufacturer: maker,
    model: modelOf(device),
    online_access_codes_enabled: true,
    offline_access_codes_enabled: false,
    supports_offline_access_codes: false,
    // A maker's own rules are checked like the others, but have no name in the API.
    code_constraints: capabilities.codeConstraints
      .filter(({ constraintType }) => CONSTRAINT_TYPES.has(constraintType))
      .map(({ constraintType, minLength, maxLength }) => ({
        constraint_type: constraintType,
        ...(minLength === undefined ? {} : { min_length: minLength }),
        ...(maxLength === undefined ? {} : { max_length: maxLength }),
      })),
    supported_code_lengths: [...capabilities.supportedCodeLengths],
    ...(capabilities.maxActiveCodes === null
      ? {}
      : { max_active_codes_supported: capabilities.maxActiveCodes }),
    supports_backup_access_code_pool: backupPoolSize(capabilities, 1) > 0,
    ...(device.backupPool === null ? {} : { backup_access_code_pool_enabled: device.backupPool }),
    online_time_frame_options: [{ display_name: 'Any time frame' }],
  };
}

function batteryOf({ batteryLevel: level = null }: Device) {
  return level === null ? {} : { battery: { level, status: batteryStatusOf(level) }, battery_level: level };
}

function modelOf({ name, model, maker }: Device): SeamDevice['properties']['model'] {
  return {
    display_name: model ?? name,
    manufacturer_display_name: maker,
    has_built_in_keypad: true,
    can_connect_accessory_keypad: false,
    online_access_codes_supported: true,
    offline_access_codes_supported: false,
    accessory_keypad_supported: false,
  };
}
