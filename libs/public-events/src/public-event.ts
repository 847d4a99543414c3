import type { SealedPin, Vault } from '@latchkey/platform';

/** An event in the API's shape, as it is given out. */
export interface SeamEvent {
  event_id: string;
  event_type: string;
  workspace_id: string;
  created_at: string;
  occurred_at: string;
  access_code_id?: string;
  device_id?: string;
  connected_account_id?: string;
  connect_webview_id?: string;
  customer_key?: string;
  [property: string]: unknown;
}

/** A PIN that belongs into an event: where, and sealed. It is filled in when the event is delivered. */
export interface PinPlace {
  /** Names and indexes, dotted: `changed_properties.0.from`. */
  readonly path: string;
  readonly pin: SealedPin;
}

/** An event as it lies in the public stream: null wherever a PIN belongs, and what to fill in there. */
export interface StoredEvent extends SeamEvent {
  sealed_pins?: readonly PinPlace[];
}

/** What the translator makes of a domain event, before it has an id and the fields that all events have. */
export interface Draft {
  readonly type: string;
  readonly body: Record<string, unknown>;
  readonly pins?: readonly PinPlace[];
  /** Tells drafts of one type and one domain event apart where their order may not. */
  readonly key?: string;
}

/** Streams `events-<workspaceId>`: what integrations are told. */
export const PUBLIC_EVENTS = 'events';

export const publicStreamOf = (workspaceId: string): string => `${PUBLIC_EVENTS}-${workspaceId}`;

/** Events whose `code` is a text always, as the API publishes them. */
const ALWAYS_A_TEXT: ReadonlySet<string> = new Set([
  'access_code.scheduled_on_device',
  'access_code.set_on_device',
]);

/** The event as it is given out: with its PINs, or nothing where one has been erased: null, or an empty text. */
export async function delivered(stored: StoredEvent, vault: Vault): Promise<SeamEvent> {
  const [event] = await deliveredAll([stored], vault);
  return event!;
}

/** The same for many, with one question to the vault for all. */
export async function deliveredAll(stored: readonly StoredEvent[], vault: Vault): Promise<SeamEvent[]> {
  const places = stored.flatMap(({ sealed_pins = [] }) => sealed_pins);
  const pins = places.length > 0 ? await vault.openAll(places.map(({ pin }) => pin)) : [];
  let next = 0;
  return stored.map(({ sealed_pins = [], ...event }) => {
    if (sealed_pins.length === 0) return event;
    const filled = structuredClone(event);
    const erased = ALWAYS_A_TEXT.has(event.event_type) ? '' : null;
    for (const { path } of sealed_pins) put(filled, path.split('.'), pins[next++] ?? erased);
    return filled;
  });
}

function put(target: unknown, path: string[], value: string | null): void {
  const last = path.pop()!;
  const holder = path.reduce<unknown>((each, name) => (each as Record<string, unknown>)[name], target);
  (holder as Record<string, unknown>)[last] = value;
}
