import {
  amount,
  anything,
  flag,
  id,
  instant,
  type JsonSchema,
  listOf,
  objectOf,
  text,
  textOrNull,
} from './json-schema';

/** Raised for a type whose new shape would break who reads the old one; the old one is then served beside it. */
const VERSION = 1;

/** The shape of one type of event. */
export interface EventSchema {
  readonly event_type: string;
  readonly version: number;
  readonly schema: JsonSchema;
}

type Properties = Readonly<Record<string, JsonSchema>>;

/** What one type adds to what all have. */
interface Shape {
  readonly always?: Properties;
  readonly sometimes?: Properties;
}

const COMMON: Properties = {
  event_id: id,
  workspace_id: id,
  created_at: instant,
  occurred_at: instant,
};

/** What clients keep beside a device and an account, as it was then. */
const BACKGROUND: Properties = {
  customer_key: text,
  connected_account_custom_metadata: anything,
  device_custom_metadata: anything,
};

const OF_ACCOUNT: Properties = { connected_account_id: id };
const OF_DEVICE: Properties = { ...OF_ACCOUNT, device_id: id };
const OF_CODE: Properties = { ...OF_DEVICE, access_code_id: id };

const problems = (kind: 'error' | 'warning'): JsonSchema =>
  listOf(objectOf({ [`${kind}_code`]: text, message: text }));
const OF_DEVICE_PROBLEMS: Properties = {
  device_errors: problems('error'),
  device_warnings: problems('warning'),
  connected_account_errors: problems('error'),
  connected_account_warnings: problems('warning'),
};
const PROBLEMS: Properties = {
  access_code_errors: problems('error'),
  access_code_warnings: problems('warning'),
  ...OF_DEVICE_PROBLEMS,
};

/** A PIN: null where it is not told, or is erased. */
const PIN = textOrNull;
const NAMED = objectOf({ name: textOrNull });
const WITH_PIN = objectOf({ code: PIN });
const FRAME = objectOf({ starts_at: textOrNull, ends_at: textOrNull });
const fromTo = (shape: JsonSchema): Properties => ({ description: text, from: shape, to: shape });

const code: Shape = { always: OF_CODE };
const codeWith = (more: Properties): Shape => ({ always: { ...OF_CODE, ...more } });
const device: Shape = { always: OF_DEVICE };
const deviceWith = (more: Properties): Shape => ({ always: { ...OF_DEVICE, ...more } });
const account: Shape = { always: OF_ACCOUNT };
const disconnected = deviceWith({ error_code: text, ...OF_DEVICE_PROBLEMS });
const action: Shape = {
  always: { action_attempt_id: id, action_type: text, status: text },
  sometimes: OF_DEVICE,
};
const doorUsed: Shape = {
  always: { ...OF_DEVICE, method: text },
  sometimes: {
    access_code_id: id,
    access_code_is_managed: flag,
    action_attempt_id: id,
    is_via_bluetooth: flag,
  },
};

/** Every type that is told, and what it has beside what all have. */
const SHAPES: Readonly<Record<string, Shape>> = {
  'access_code.created': code,
  'access_code.mutations_requested': codeWith({
    requested_mutations: listOf(
      objectOf({ mutation_code: text, from: anything, to: anything }, ['from', 'to']),
    ),
  }),
  'access_code.changed': codeWith({
    changed_properties: listOf(objectOf({ property: text, from: textOrNull, to: textOrNull })),
    change_reason: text,
  }),
  'access_code.name_changed': codeWith(fromTo(NAMED)),
  'access_code.code_changed': codeWith(fromTo(WITH_PIN)),
  'access_code.time_frame_changed': codeWith(fromTo(FRAME)),
  'access_code.scheduled_on_device': codeWith({ code: PIN }),
  'access_code.set_on_device': codeWith({ code: PIN }),
  'access_code.removed_from_device': code,
  'access_code.deleted': codeWith({ code: PIN }),
  'access_code.delay_in_setting_on_device': codeWith(PROBLEMS),
  'access_code.failed_to_set_on_device': codeWith(PROBLEMS),
  'access_code.delay_in_removing_from_device': codeWith(PROBLEMS),
  'access_code.failed_to_remove_from_device': codeWith(PROBLEMS),
  'access_code.modified_external_to_seam': code,
  'access_code.deleted_external_to_seam': code,
  'access_code.personal_data_erased': code,
  'access_code.backup_access_code_pulled': codeWith({ backup_access_code_id: id }),
  'access_code.unmanaged.created': code,
  'access_code.unmanaged.removed': code,
  'access_code.unmanaged.converted_to_managed': code,
  'access_code.unmanaged.failed_to_convert_to_managed': codeWith(PROBLEMS),
  'action_attempt.lock_door.succeeded': action,
  'action_attempt.lock_door.failed': action,
  'action_attempt.unlock_door.succeeded': action,
  'action_attempt.unlock_door.failed': action,
  'action_attempt.simulate_keypad_code_entry.succeeded': action,
  'action_attempt.simulate_keypad_code_entry.failed': action,
  'action_attempt.simulate_manual_lock_via_keypad.succeeded': action,
  'action_attempt.simulate_manual_lock_via_keypad.failed': action,
  'lock.locked': doorUsed,
  'lock.unlocked': doorUsed,
  'lock.access_denied': device,
  'lock.jammed': device,
  'device.added': device,
  'device.removed': device,
  'device.deleted': deviceWith({ device_name: text }),
  'device.connected': device,
  'device.disconnected': disconnected,
  'device.unmanaged.connected': device,
  'device.unmanaged.disconnected': disconnected,
  'device.converted_to_unmanaged': device,
  'device.unmanaged.converted_to_managed': device,
  'device.name_changed': deviceWith({ device_name: text }),
  'device.tampered': device,
  'device.low_battery': deviceWith({ battery_level: amount }),
  'device.battery_status_changed': deviceWith({ battery_level: amount, battery_status: text }),
  'device.clock_drifted': deviceWith(OF_DEVICE_PROBLEMS),
  'device.clock_corrected': device,
  'connected_account.created': { always: { ...OF_ACCOUNT, connect_webview_id: id } },
  'connected_account.connected': { ...account, sometimes: { connect_webview_id: id } },
  'connected_account.completed_first_sync': account,
  'connected_account.disconnected': {
    always: {
      ...OF_ACCOUNT,
      connected_account_errors: problems('error'),
      connected_account_warnings: problems('warning'),
    },
  },
  'connected_account.deleted': { always: { ...OF_ACCOUNT, connected_account_type: text } },
  'connect_webview.login_succeeded': { always: { ...OF_ACCOUNT, connect_webview_id: id } },
  'connect_webview.login_failed': { always: { connect_webview_id: id } },
};

function schemaOf(eventType: string, { always = {}, sometimes = {} }: Shape): EventSchema {
  const optional = { ...BACKGROUND, ...sometimes };
  const properties = { ...COMMON, event_type: { const: eventType }, ...always, ...optional };
  return {
    event_type: eventType,
    version: VERSION,
    schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `urn:latchkey:event:${eventType}:${VERSION}`,
      title: eventType,
      ...objectOf(properties, Object.keys(optional)),
    },
  };
}

/** The shape of every type of event that is told. Readers must expect properties and types that are not among them. */
export const EVENT_SCHEMAS: readonly EventSchema[] = Object.entries(SHAPES).map(([type, shape]) =>
  schemaOf(type, shape),
);
