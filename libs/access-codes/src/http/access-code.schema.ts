import { schema } from '@latchkey/http';

const { anything, flag, id, instant, issues, listOf, named, objectOf, oneOf, orNull, text } = schema;

const codeBase = {
  access_code_id: id,
  workspace_id: id,
  device_id: id,
  name: orNull(text),
  code: orNull(text),
  type: oneOf('ongoing', 'time_bound'),
  starts_at: orNull(instant),
  ends_at: orNull(instant),
  created_at: instant,
  errors: issues('error'),
  warnings: issues('warning'),
};

const pendingMutation = {
  ...objectOf(
    {
      mutation_code: oneOf(
        'creating',
        'deferring_creation',
        'deleting',
        'updating_code',
        'updating_name',
        'updating_time_frame',
      ),
      created_at: instant,
      message: text,
      scheduled_at: instant,
      from: anything,
      to: anything,
    },
    ['scheduled_at', 'from', 'to'],
  ),
};

export const ACCESS_CODE_SCHEMA = named(
  'access_code',
  objectOf(
    {
      ...codeBase,
      common_code_key: orNull(text),
      status: oneOf('unset', 'setting', 'set', 'removing', 'unknown'),
      display_status: text,
      pending_mutations: listOf(pendingMutation),
      is_managed: { type: 'boolean', enum: [true] },
      is_backup: flag,
      is_backup_access_code_available: flag,
      pulled_backup_access_code_id: orNull(id),
      is_external_modification_allowed: flag,
      is_one_time_use: flag,
      is_offline_access_code: flag,
      is_scheduled_on_device: flag,
      is_waiting_for_code_assignment: flag,
      is_masked_on_device: { type: 'boolean', enum: [true] },
    },
    [
      'starts_at',
      'ends_at',
      'is_backup',
      'pulled_backup_access_code_id',
      'is_scheduled_on_device',
      'is_waiting_for_code_assignment',
      'is_masked_on_device',
    ],
  ),
);

/** A code on a lock that was not created here. */
export const UNMANAGED_ACCESS_CODE_SCHEMA = named(
  'unmanaged_access_code',
  objectOf(
    {
      ...codeBase,
      status: oneOf('set'),
      display_status: text,
      is_managed: { type: 'boolean', enum: [false] },
      is_masked_on_device: { type: 'boolean', enum: [true] },
    },
    ['starts_at', 'ends_at', 'is_masked_on_device'],
  ),
);

export const GENERATED_CODE_SCHEMA = named('generated_code', objectOf({ device_id: id, code: text }));
