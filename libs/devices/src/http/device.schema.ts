import { schema } from '@latchkey/http';

const { anything, flag, id, instant, issues, listOf, metadata, named, number, objectOf, oneOf, text, whole } =
  schema;

const codeConstraint = objectOf({ constraint_type: text, min_length: whole, max_length: whole }, [
  'min_length',
  'max_length',
]);

const deviceProperties = {
  ...objectOf(
    {
      online: flag,
      battery: objectOf({ level: number, status: oneOf('critical', 'low', 'good', 'full') }),
      battery_level: number,
      name: text,
      appearance: objectOf({ name: text }),
      manufacturer: text,
      model: anything,
      code_constraints: listOf(codeConstraint),
      supported_code_lengths: listOf(whole),
      max_active_codes_supported: whole,
      supports_backup_access_code_pool: flag,
      online_time_frame_options: listOf(anything),
    },
    ['manufacturer', 'max_active_codes_supported', 'online_time_frame_options', 'battery', 'battery_level'],
  ),
  additionalProperties: true,
};

export const DEVICE_SCHEMA = named(
  'device',
  objectOf(
    {
      device_id: id,
      workspace_id: id,
      connected_account_id: id,
      device_type: text,
      device_manufacturer: anything,
      device_provider: anything,
      display_name: text,
      nickname: text,
      capabilities_supported: listOf(text),
      space_ids: listOf(id),
      custom_metadata: metadata,
      location: anything,
      properties: deviceProperties,
      can_program_online_access_codes: flag,
      can_program_offline_access_codes: flag,
      can_unlock_with_code: flag,
      can_remotely_lock: flag,
      can_remotely_unlock: flag,
      can_simulate_connection: flag,
      can_simulate_disconnection: flag,
      can_simulate_removal: flag,
      can_simulate_hub_connection: flag,
      can_simulate_hub_disconnection: flag,
      errors: issues('error'),
      warnings: issues('warning'),
      created_at: instant,
      is_managed: flag,
    },
    ['nickname', 'location', 'device_manufacturer', 'device_provider'],
  ),
);

export const UNMANAGED_DEVICE_SCHEMA = named(
  'unmanaged_device',
  objectOf(
    {
      device_id: id,
      workspace_id: id,
      connected_account_id: id,
      device_type: text,
      display_name: text,
      can_program_online_access_codes: flag,
      can_program_offline_access_codes: flag,
      can_unlock_with_code: flag,
      can_remotely_lock: flag,
      can_remotely_unlock: flag,
      can_simulate_connection: flag,
      can_simulate_disconnection: flag,
      can_simulate_removal: flag,
      can_simulate_hub_connection: flag,
      can_simulate_hub_disconnection: flag,
      capabilities_supported: listOf(text),
      custom_metadata: metadata,
      location: anything,
      properties: anything,
      errors: issues('error'),
      warnings: issues('warning'),
      created_at: instant,
      is_managed: flag,
    },
    ['location'],
  ),
);

export const CONNECTED_ACCOUNT_SCHEMA = named(
  'connected_account',
  objectOf(
    {
      connected_account_id: id,
      account_type: text,
      account_type_display_name: text,
      display_name: text,
      accepted_capabilities: listOf(text),
      automatically_manage_new_devices: flag,
      custom_metadata: metadata,
      customer_key: text,
      created_at: instant,
      errors: issues('error'),
      warnings: issues('warning'),
    },
    ['account_type', 'customer_key', 'created_at'],
  ),
);
