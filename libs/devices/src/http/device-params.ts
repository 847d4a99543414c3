import { ChoiceList, Instant, Metadata, paged, Text, TextList, Uuid, UuidList } from '@latchkey/http';

const MOST_DEVICES = 500;
const MOST_ACCOUNTS = 11_000;
const LONGEST_KEY = 200;

export class GetDeviceParams {
  @Uuid({ optional: true })
  device_id?: string;

  @Text({ optional: true, min: 1, description: 'In place of device_id.' })
  name?: string;
}

export class DeviceIdParams {
  @Uuid()
  device_id!: string;
}

/** What Seam's devices can or can't do, as far as a list may be narrowed by it. */
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

  @Text({ optional: true, min: 1, max: 200, description: 'Part of the name or of the id.' })
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
  @Text({ optional: true, min: 1, max: 200, description: 'Part of the name or of the id.' })
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
