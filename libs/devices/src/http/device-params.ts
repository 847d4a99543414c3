import {
  ChoiceList,
  Flag,
  Instant,
  Metadata,
  Nested,
  paged,
  Text,
  TextList,
  DeviceId,
  Uuid,
  UuidList,
} from '@latchkey/http';

const MOST_DEVICES = 500;
const MOST_ACCOUNTS = 11_000;
const LONGEST_KEY = 200;

export class GetDeviceParams {
  @DeviceId({ optional: true })
  device_id?: string;

  @Text({ optional: true, min: 1, description: 'In place of device_id.' })
  name?: string;
}

export class DeviceIdParams {
  @DeviceId()
  device_id!: string;
}

const NAME = {
  optional: true,
  nullable: true,
  min: 1,
  max: 200,
  pattern: /\S/,
  message: 'must not be blank',
};

class DevicePropertiesParams {
  @Text({ ...NAME, description: 'The same as name.' })
  name?: string | null;
}

export class UpdateDeviceParams extends DeviceIdParams {
  @Text({ ...NAME, description: 'The name of the device; null: the maker’s name for it.' })
  name?: string | null;

  @Nested(DevicePropertiesParams, { optional: true })
  properties?: DevicePropertiesParams;

  @Metadata({ optional: true, description: 'Laid over what is there; null takes an entry away.' })
  custom_metadata?: Record<string, string | boolean | null>;

  @Flag({ optional: true, description: 'Whether backup codes are kept ready on the device.' })
  backup_access_code_pool_enabled?: boolean;

  @Flag({
    optional: true,
    description: 'false: the device is left alone from then on, and so are its codes.',
  })
  is_managed?: boolean;
}

/** What Seam's devices can or can't do, where a list may be narrowed by it. */
export const CAPABILITIES = [
  'can_remotely_unlock',
  'can_remotely_lock',
  'can_program_offline_access_codes',
  'can_program_online_access_codes',
  'can_hvac_heat',
  'can_hvac_cool',
  'can_hvac_heat_cool',
  'can_turn_off_hvac',
  'can_simulate_removal',
  'can_simulate_connection',
  'can_simulate_disconnection',
  'can_simulate_hub_connection',
  'can_simulate_hub_disconnection',
  'can_simulate_paid_subscription',
  'can_unlock_with_code',
  'can_configure_auto_lock',
  'can_run_thermostat_programs',
  'can_program_thermostat_programs_as_weekday_weekend',
  'can_program_thermostat_programs_as_different_each_day',
  'can_program_thermostat_programs_as_same_each_day',
] as const;

export class ListDevicesParams extends paged(MOST_DEVICES) {
  @UuidList({ optional: true })
  device_ids?: string[];

  @Uuid({ optional: true })
  connected_account_id?: string;

  @UuidList({ optional: true })
  connected_account_ids?: string[];

  @Uuid({ optional: true })
  connect_webview_id?: string;

  @Text({ optional: true })
  device_type?: string;

  @TextList({ optional: true })
  device_types?: string[];

  @Text({ optional: true })
  manufacturer?: string;

  @Text({ optional: true, min: 1, max: 200, description: 'Part of a name, an id or the metadata.' })
  search?: string;

  @Instant({ optional: true })
  created_before?: number;

  @Text({ optional: true, max: LONGEST_KEY })
  customer_key?: string;

  @Text({ optional: true, max: LONGEST_KEY })
  user_identifier_key?: string;

  @Uuid({ optional: true })
  space_id?: string;

  @Uuid({ optional: true, nullable: true })
  unstable_location_id?: string | null;

  @Metadata({ optional: true })
  custom_metadata_has?: Record<string, string | boolean>;

  @ChoiceList(CAPABILITIES, { optional: true, description: 'Only devices that can do one of these.' })
  include_if?: (typeof CAPABILITIES)[number][];

  @ChoiceList(CAPABILITIES, { optional: true, description: 'Only devices that can do none of these.' })
  exclude_if?: (typeof CAPABILITIES)[number][];
}

export class GetConnectedAccountParams {
  @Uuid({ optional: true })
  connected_account_id?: string;

  @Text({ optional: true, min: 1, max: 320, description: 'In place of connected_account_id.' })
  email?: string;
}

export class ConnectedAccountIdParams {
  @Uuid()
  connected_account_id!: string;
}

export class ListConnectedAccountsParams extends paged(MOST_ACCOUNTS) {
  @Text({
    optional: true,
    min: 1,
    max: 200,
    description: 'Part of the name, the id, the lock maker, the customer key or the metadata.',
  })
  search?: string;

  @Text({ optional: true, max: LONGEST_KEY })
  customer_key?: string;

  @Text({ optional: true, max: LONGEST_KEY })
  user_identifier_key?: string;

  @Uuid({ optional: true })
  space_id?: string;

  @Metadata({ optional: true })
  custom_metadata_has?: Record<string, string | boolean>;
}

/** Kinds of devices, as a connected account may be restricted to some. */
export const ACCEPTED_CAPABILITIES = [
  'lock',
  'thermostat',
  'noise_sensor',
  'access_control',
  'camera',
] as const;

export class UpdateConnectedAccountParams extends ConnectedAccountIdParams {
  @Text({ optional: true, min: 1, max: 255, pattern: /\S/, message: 'must not be blank' })
  display_name?: string;

  @Metadata({ optional: true, description: 'In place of what is there.' })
  custom_metadata?: Record<string, string | boolean | null>;

  @Text({
    optional: true,
    min: 1,
    max: LONGEST_KEY,
    description: 'Can be set once: the account stays with this customer.',
  })
  customer_key?: string;

  @Flag({ optional: true, description: 'Whether new locks become managed devices.' })
  automatically_manage_new_devices?: boolean;

  @ChoiceList(ACCEPTED_CAPABILITIES, { optional: true, description: 'Kinds of devices that are taken in.' })
  accepted_capabilities?: string[];
}

export class DeleteConnectedAccountParams extends ConnectedAccountIdParams {
  @Flag({ optional: true, default: false, description: 'Without effect.' })
  sync?: boolean;
}
