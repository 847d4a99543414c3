import type { CsvColumn } from './lines';
import type { presentAtDoor, presentEntry } from './present';

type Entry = ReturnType<typeof presentEntry>;
type AtDoor = ReturnType<typeof presentAtDoor>;

const text = (value: string | null | undefined): string => value ?? '';

/** Of a history. */
export const ENTRY_COLUMNS: readonly CsvColumn<Entry>[] = [
  ['occurred_at', (entry) => entry.occurred_at],
  ['recorded_at', (entry) => entry.recorded_at],
  ['event_type', (entry) => entry.event_type],
  ['event_id', (entry) => entry.event_id],
  ['actor_type', ({ actor }) => actor.type],
  ['actor_id', ({ actor }) => text(actor.id)],
  ['actor_name', ({ actor }) => ('name' in actor ? actor.name : '')],
  ['request_id', (entry) => entry.request_id],
  ['caused_by', (entry) => entry.caused_by],
  ['access_code_id', (entry) => text(entry.access_code_id)],
  ['device_id', (entry) => text(entry.device_id)],
  ['connected_account_id', (entry) => text(entry.connected_account_id)],
  ['action_attempt_id', (entry) => text(entry.action_attempt_id)],
  ['connect_webview_id', (entry) => text(entry.connect_webview_id)],
  ['detail', (entry) => JSON.stringify(entry.detail)],
];

/** Of what happened about a door. */
export const AT_DOOR_COLUMNS: readonly CsvColumn<AtDoor>[] = [
  ['at', (row) => row.at],
  ['change_type', (row) => row.change_type],
  ['access_code_id', (row) => text(row.access_code_id)],
  ['name', ({ opener }) => text(opener?.name)],
  ['certainty', ({ opener }) => text(opener?.certainty)],
  ['starts_at', ({ opener }) => text(opener?.time_frame?.starts_at)],
  ['ends_at', ({ opener }) => text(opener?.time_frame?.ends_at)],
  ['on_device_since', ({ opener }) => text(opener?.on_device_since)],
  ['requested_by_type', ({ opener }) => text(opener?.requested_by.type)],
  ['requested_by_id', ({ opener }) => text(opener?.requested_by.id)],
  [
    'requested_by_name',
    ({ opener }) => (opener && 'name' in opener.requested_by ? opener.requested_by.name : ''),
  ],
  ['request_id', ({ opener }) => text(opener?.request_id)],
  ['requested_at', ({ opener }) => text(opener?.requested_at)],
  ['event_type', (row) => text(row.event_type)],
  ['event_id', (row) => text(row.event_id)],
  ['method', (row) => ('method' in row ? text(row.method) : '')],
];
