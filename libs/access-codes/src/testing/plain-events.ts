import { accountCodec, deviceCodec } from '@latchkey/devices';
import {
  type DomainEvent,
  encodedBy,
  type EventCodec,
  type Fact,
  type NewEvent,
  type RecordedEvent,
} from '@latchkey/event-sourcing';
import type { SealedPin, Vault } from '@latchkey/platform';
import { commonCodeCodec } from '../domain/common-code';
import { codeCodec } from '../domain/events';
import { keypadCodec } from '../domain/keypad';
import { CODE } from '../domain/testing/builders';

export const WORKSPACE = 'workspace-1';
export const ACCOUNT_ID = 'account-1';
export const DEVICE = 'device-1';

/**
 * An event as specs write it: `pin` is the PIN itself, in place of what events hold of it. `null` stands for one whose
 * key was erased.
 */
export interface PlainEvent extends Fact {
  readonly data: Readonly<Record<string, unknown>>;
}

type Data = PlainEvent['data'];

export const onCode = (type: string, data: Data = {}, codeId = CODE): PlainEvent => ({
  stream: `accessCode-${codeId}`,
  type,
  data,
});
export const onKeypad = (type: string, data: Data = {}, deviceId = DEVICE): PlainEvent => ({
  stream: `keypad-${deviceId}`,
  type,
  data,
});
/** @param id the id of the vault's key; left out: any */
export const onCommonCode = (type: string, data: Data = {}, id?: string): PlainEvent => ({
  stream: id === undefined ? (expect.stringMatching(/^commonCode-/) as string) : `commonCode-${id}`,
  type,
  data,
});
export const onDevice = (type: string, data: Data = {}, deviceId = DEVICE): PlainEvent => ({
  stream: `device-${deviceId}`,
  type,
  data,
});
export const onAccount = (type: string, data: Data = {}, accountId = ACCOUNT_ID): PlainEvent => ({
  stream: `account-${accountId}`,
  type,
  data,
});

const CODECS = {
  accessCode: codeCodec,
  keypad: keypadCodec,
  commonCode: commonCodeCodec,
  device: deviceCodec,
  account: accountCodec,
};

const codecOf = (stream: string): EventCodec<DomainEvent> => {
  const category = stream.slice(0, stream.indexOf('-')) as keyof typeof CODECS;
  return CODECS[category];
};

/**
 * The event as it is stored, its PIN sealed with the key of its code. It is decoded once, which shows that it is a
 * valid event.
 */
export async function sealed(
  { stream, type, data }: PlainEvent,
  { id, at, vault }: { readonly id: string; readonly at: number; readonly vault: Vault },
): Promise<NewEvent> {
  const codec = codecOf(stream);
  const codeId = typeof data.codeId === 'string' ? data.codeId : stream.slice(stream.indexOf('-') + 1);
  const stored = (await withPins(data, async ({ pin, ...rest }) =>
    typeof pin === 'string' ? { ...rest, ...(await vault.sealPin(codeId, pin)) } : { pin, ...rest },
  )) as object;
  const event = encodedBy(CODECS, { stream, type, data: stored }, { id, at, workspaceId: WORKSPACE });
  const position = { commit: 0n, prepare: 0n };
  codec.decode({ ...event, stream, revision: 0, position, recordedAt: at });
  return event;
}

/** Stored events with their PINs in plain text. */
export async function opened(events: readonly RecordedEvent[], vault: Vault): Promise<PlainEvent[]> {
  const byFingerprint = new Map<string, string | null>();
  const plain: PlainEvent[] = [];
  for (const { stream, type, data } of events) {
    const found = await withPins(data, async ({ pin, pinFingerprint, ...rest }) => {
      if (pin === undefined && typeof pinFingerprint === 'string')
        return { ...rest, pin: byFingerprint.get(pinFingerprint) ?? pinFingerprint };
      if (!isSealed(pin)) return { ...rest, ...(pin === undefined ? {} : { pin }), pinFingerprint };
      const [text = null] = await vault.openAll([pin]);
      // Where codes are linked, a PIN stands without a fingerprint.
      if (pinFingerprint !== undefined) await checkFingerprint(vault, pin, text, pinFingerprint as string);
      byFingerprint.set((pinFingerprint as string | undefined) ?? pin.box, text);
      return { ...rest, pin: text };
    });
    // Shorter ones may be anything else.
    const pins = [...byFingerprint.values()].filter((pin) => pin !== null && pin.length >= 4);
    checkForPins(found, new Set(pins as string[]));
    plain.push({ stream, type, data: found as PlainEvent['data'] });
  }
  return plain;
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSealed = (value: unknown): value is SealedPin => isObject(value) && 'box' in value;

/** The value with every object that is about a PIN replaced. */
async function withPins(value: unknown, otherwise: (object: Json) => Promise<Json>): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((each) => withPins(each, otherwise)));
  if (!isObject(value)) return value;
  const copy: Json = {};
  for (const [name, each] of Object.entries(value))
    copy[name] = isSealed(each) ? each : await withPins(each, otherwise);
  return 'pin' in copy || 'pinFingerprint' in copy ? otherwise(copy) : copy;
}

/** What events hold of a PIN must belong together. */
async function checkFingerprint(vault: Vault, pin: SealedPin, text: string | null, fingerprint: string) {
  if (text === null) return;
  const right = await vault.fingerprintUnder(pin.keyId, text);
  if (right !== fingerprint) throw new Error('an event carries a PIN and the fingerprint of another one');
}

/** No PIN may be in plain text anywhere else in an event. */
function checkForPins(value: unknown, pins: ReadonlySet<string>): void {
  if (Array.isArray(value)) return value.forEach((each) => checkForPins(each, pins));
  if (isObject(value)) {
    for (const [name, each] of Object.entries(value)) if (name !== 'pin') checkForPins(each, pins);
  } else if (typeof value === 'string' && value.split(/[^0-9A-Za-z]+/).some((word) => pins.has(word))) {
    throw new Error('an event carries a PIN in plain text');
  }
}
