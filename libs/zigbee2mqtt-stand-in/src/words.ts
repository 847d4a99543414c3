/** What Zigbee2MQTT calls the numbers of the door lock cluster. */
export const OPERATIONS = [
  'unknown',
  'lock',
  'unlock',
  'lock_failure_invalid_pin_or_id',
  'lock_failure_invalid_schedule',
  'unlock_failure_invalid_pin_or_id',
  'unlock_failure_invalid_schedule',
  'one_touch_lock',
  'key_lock',
  'key_unlock',
  'auto_lock',
  'schedule_lock',
  'schedule_unlock',
  'manual_lock',
  'manual_unlock',
  'non_access_user_operational_event',
] as const;

export const PROGRAMMINGS = [
  'unknown',
  'master_code_changed',
  'pin_code_added',
  'pin_code_deleted',
  'pin_code_changed',
  'rfid_code_added',
  'rfid_code_deleted',
] as const;

export const SOURCES = ['keypad', 'rf', 'manual', 'rfid', 'fingerprint'] as const;

const STATUSES: Readonly<Record<number, string>> = { 0: 'available', 1: 'enabled', 3: 'disabled' };

export const statusOf = (number: number): string => STATUSES[number] ?? `not_supported_${number}`;
