import { Choice, Flag, Instant, paged, Pin, Text, DeviceId, Uuid, UuidList, Whole } from '@latchkey/http';

/** Longer names fit no lock. */
const LONGEST_NAME = 200;
export const LONGEST_KEY = 200;
/** As many as Seam's own API returns without a page size. */
const MOST_CODES = 55_000;

export const codeName = {
  optional: true,
  min: 1,
  max: LONGEST_NAME,
  pattern: /\S/,
  message: 'must not be blank',
};
const ROUNDING = ['1hour', '1day', '1h', '1d'] as const;

/** What creating and changing a code have in common. */
export class CodeParams {
  @Text({ ...codeName, description: 'What people call the code.' })
  name?: string;

  @Pin({ optional: true, description: 'The PIN. Left out, one is drawn that the lock can take.' })
  code?: string;

  @Instant({ optional: true, description: 'When the code begins to open the door; with ends_at.' })
  starts_at?: number;

  @Instant({ optional: true, description: 'When the code stops opening the door; with starts_at.' })
  ends_at?: number;

  @Whole({ optional: true, min: 1, max: 20, description: 'How many digits a drawn PIN is to have.' })
  preferred_code_length?: number;

  @Flag({ optional: true, description: 'Whether a lock that can keep the window itself is to do so.' })
  prefer_native_scheduling?: boolean;

  @Flag({ optional: true, description: 'The older name of is_external_modification_allowed.' })
  allow_external_modification?: boolean;

  @Flag({ optional: true, description: 'Whether changes made outside are kept and not put back.' })
  is_external_modification_allowed?: boolean;

  @Flag({ optional: true, description: 'Whether a spare code is kept ready for this one.' })
  use_backup_access_code_pool?: boolean;

  @Flag({ optional: true, default: true, description: 'Whether to go on while the device is offline.' })
  attempt_for_offline_device?: boolean;

  @Flag({ optional: true, description: 'Whether the code is computed and not sent to the lock.' })
  is_offline_access_code?: boolean;

  @Flag({ optional: true, description: 'The older name of is_offline_access_code.' })
  use_offline_access_code?: boolean;

  @Flag({ optional: true, description: 'Whether the code opens the door once only.' })
  is_one_time_use?: boolean;

  @Choice(ROUNDING, {
    optional: true,
    description: 'How far the window may be widened to what the lock can keep.',
  })
  max_time_rounding?: (typeof ROUNDING)[number];

  @Flag({ optional: true, default: false, description: 'Without effect: answers never wait for the lock.' })
  sync?: boolean;
}

export class CreateAccessCodeParams extends CodeParams {
  @DeviceId()
  device_id!: string;

  @Text({
    optional: true,
    min: 1,
    max: LONGEST_KEY,
    description: 'Codes with the same key are changed together.',
  })
  common_code_key?: string;
}

export class UpdateAccessCodeParams extends CodeParams {
  @Uuid()
  access_code_id!: string;

  @Uuid({ optional: true })
  device_id?: string;

  @Choice(['ongoing', 'time_bound'], { optional: true })
  type?: 'ongoing' | 'time_bound';

  @Flag({ optional: true, description: 'false: the code becomes unmanaged, and stays on its device.' })
  is_managed?: boolean;
}

export class GetAccessCodeParams {
  @Uuid({ optional: true })
  access_code_id?: string;

  @DeviceId({ of: 'access_code', optional: true, description: 'With code, in place of access_code_id.' })
  device_id?: string;

  @Pin({ optional: true, description: 'With device_id, in place of access_code_id.' })
  code?: string;
}

export class DeleteAccessCodeParams {
  @Uuid()
  access_code_id!: string;

  @DeviceId({ of: 'access_code', optional: true })
  device_id?: string;

  @Flag({ optional: true, default: false, description: 'Without effect: answers never wait for the lock.' })
  sync?: boolean;
}

export class ListAccessCodesParams extends paged(MOST_CODES) {
  @Uuid({ optional: true })
  device_id?: string;

  @UuidList({ optional: true })
  access_code_ids?: string[];

  @Text({ optional: true, min: 1, max: LONGEST_NAME, description: 'Part of the name, the PIN, or an id.' })
  search?: string;

  @Text({ optional: true, max: LONGEST_KEY })
  customer_key?: string;

  @Text({ optional: true, max: LONGEST_KEY })
  user_identifier_key?: string;

  @Uuid({ optional: true, description: 'Latchkey has no access grants, so the list is then empty.' })
  access_grant_id?: string;

  @Text({ optional: true, max: LONGEST_KEY, description: 'As access_grant_id.' })
  access_grant_key?: string;

  @Uuid({ optional: true, description: 'As access_grant_id.' })
  access_method_id?: string;
}
