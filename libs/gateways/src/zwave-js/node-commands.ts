import { SECOND } from '@latchkey/platform';
import { z } from 'zod';
import type { SlotRange } from '../local';
import { CC } from './nodes';
import { type YearDay, yearDay } from './year-day';
import type { Reply, ZwaveSocket } from './zwave-socket';

/** So long one command to a lock may take, ms: the driver itself gives up on a silent node well before. */
const COMMAND_WITHIN = 20 * SECOND;

/** PINs, among the kinds of credentials. */
const PIN_CODE = 1;

/** The driver's errors that say that a node did not answer: it may or may not have heard. */
const SILENT: ReadonlySet<number> = new Set([200, 201, 202, 203, 204, 205, 206, 207, 208, 209]);

/** What a lock makes of a code that is put on it, as the driver tells. */
const SET = { ok: 0, occupied: 1, duplicate: 3, againstRules: 4, duplicateOfAdmin: 5 } as const;

/** How a command ended. `unknown`: the lock may have heard of it, and said nothing. */
export type Outcome<T = void> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'refused'; readonly errorCode: string; readonly message: string }
  | { readonly kind: 'unknown' };

const credential = z.object({
  /** User 0 is nobody: by User Credential an empty place is told as theirs. */
  credential: z.object({ userId: z.number(), data: z.unknown() }).nullish(),
});
const user = z.object({ user: z.object({ userName: z.string().nullish() }).nullish() });
const numbered = z.object({ result: z.number() });
const credentialTypes = z.object({
  capabilities: z.object({
    supportedCredentialTypes: z.record(
      z.string(),
      z.object({
        numberOfCredentialSlots: z.number().int(),
        minCredentialLength: z.number().int(),
        maxCredentialLength: z.number().int(),
      }),
    ),
  }),
});
const numSlots = z.object({ response: z.object({ numYearDaySlots: z.number().int() }) });
const response = z.object({ response: z.unknown().optional() });

/** What PINs a lock takes, and where. */
export interface PinPlaces {
  readonly slots: SlotRange;
  readonly lengths: readonly number[];
}

/** The commands to one node that codes and doors need. */
export class NodeCommands {
  constructor(
    private readonly socket: ZwaveSocket,
    private readonly nodeId: number,
  ) {}

  /**
   * From the driver's memory: costs no radio.
   * @param tellsLengths false for User Code, of which locks tell no lengths: then those that locks in use take
   */
  async pinPlaces(tellsLengths: boolean): Promise<PinPlaces | null> {
    const reply = await this.ask('endpoint.access_control.get_credential_capabilities_cached', {});
    const read = reply.kind === 'done' ? credentialTypes.safeParse(reply.result) : null;
    const pins = read?.data?.capabilities.supportedCredentialTypes[PIN_CODE];
    if (!pins || pins.numberOfCredentialSlots < 1) return null;
    const { minCredentialLength: shortest, maxCredentialLength } = pins;
    const longest = tellsLengths ? maxCredentialLength : Math.min(8, maxCredentialLength);
    const lengths = Array.from({ length: longest - shortest + 1 }, (_, n) => shortest + n);
    return {
      slots: { first: 1, last: pins.numberOfCredentialSlots },
      lengths: lengths.filter((n) => n >= 4),
    };
  }

  /** How many time frames the lock keeps for each code. */
  async schedulesPerCode(): Promise<Outcome<number>> {
    const reply = await this.invoke(CC.scheduleEntryLock, 'getNumSlots', []);
    if (reply.kind !== 'done') return failure(reply);
    const read = numSlots.safeParse(reply.result);
    return { kind: 'ok', value: read.success ? read.data.response.numYearDaySlots : 0 };
  }

  /** Reads a place: null where it is empty, else its PIN, or that the digits are not told. */
  async read(slot: number): Promise<Outcome<{ readonly pin: string | null } | null>> {
    const args = { credentialType: PIN_CODE, credentialSlot: slot };
    const reply = await this.ask('endpoint.access_control.get_credential', args);
    if (reply.kind !== 'done') return failure(reply);
    const read = credential.safeParse(reply.result);
    if (!read.success) return { kind: 'unknown' };
    if (!read.data.credential?.userId) return { kind: 'ok', value: null };
    const { data } = read.data.credential;
    return { kind: 'ok', value: { pin: typeof data === 'string' && /^\d+$/.test(data) ? data : null } };
  }

  async set(slot: number, pin: string): Promise<Outcome> {
    const args = { userId: slot, credentialType: PIN_CODE, credentialSlot: slot, data: pin };
    return ofResult(await this.ask('endpoint.access_control.set_credential', args));
  }

  /**
   * Whose the user is that has the number of a place: by User Credential a PIN belongs to a user. Null: nobody's. From
   * the driver's memory: asked for a user that there is not, it takes it to be there from then on.
   */
  async userAt(slot: number): Promise<Outcome<'ours' | 'others' | null>> {
    const reply = await this.ask('endpoint.access_control.get_user_cached', { userId: slot });
    if (reply.kind !== 'done') return failure(reply);
    const read = user.safeParse(reply.result).data?.user;
    if (!read) return { kind: 'ok', value: null };
    return { kind: 'ok', value: read.userName === OUR_USER ? 'ours' : 'others' };
  }

  async makeUser(slot: number): Promise<Outcome> {
    const options = { userName: OUR_USER, active: true, userType: 0, credentialRule: 1 };
    return ofResult(await this.ask('endpoint.access_control.set_user', { userId: slot, options }));
  }

  /** With the PIN. */
  async clearUser(slot: number): Promise<Outcome> {
    return ofResult(await this.ask('endpoint.access_control.delete_user', { userId: slot }));
  }

  async clear(slot: number): Promise<Outcome> {
    const args = { userId: slot, credentialType: PIN_CODE, credentialSlot: slot };
    return ofResult(await this.ask('endpoint.access_control.delete_credential', args));
  }

  async schedule(slot: number): Promise<Outcome<YearDay | null>> {
    const reply = await this.invoke(CC.scheduleEntryLock, 'getYearDaySchedule', [place(slot)]);
    if (reply.kind !== 'done') return failure(reply);
    const read = yearDay.safeParse(response.safeParse(reply.result).data?.response);
    return { kind: 'ok', value: read.success ? read.data : null };
  }

  /** @param told null: none */
  async setSchedule(slot: number, told: YearDay | null): Promise<Outcome> {
    const args = told ? [place(slot), told] : [place(slot)];
    const reply = await this.invoke(CC.scheduleEntryLock, 'setYearDaySchedule', args);
    return reply.kind === 'done' ? { kind: 'ok', value: undefined } : failure(reply);
  }

  async turn(action: 'lock' | 'unlock'): Promise<Outcome> {
    const reply = await this.invoke(CC.doorLock, 'set', [MODE[action]]);
    return reply.kind === 'done' ? { kind: 'ok', value: undefined } : failure(reply);
  }

  /** Whether the door is locked, by the lock's own word; null where it does not say. */
  async isLocked(): Promise<boolean | null> {
    const reply = await this.invoke(CC.doorLock, 'get', []);
    const mode = z.object({ response: z.object({ currentMode: z.number() }) });
    const read = reply.kind === 'done' ? mode.safeParse(reply.result) : null;
    return read?.success ? read.data.response.currentMode === MODE.lock : null;
  }

  async ping(): Promise<boolean> {
    const reply = await this.socket.request('node.ping', { nodeId: this.nodeId }, COMMAND_WITHIN);
    const answered = z.object({ responded: z.boolean() });
    return reply.kind === 'done' && (answered.safeParse(reply.result).data?.responded ?? false);
  }

  private invoke(commandClass: number, methodName: string, args: unknown[]): Promise<Reply> {
    return this.ask('endpoint.invoke_cc_api', { commandClass, methodName, args });
  }

  private ask(command: string, args: object): Promise<Reply> {
    const node = { nodeId: this.nodeId, endpoint: 0 };
    return this.socket.request(command, { ...node, ...args }, COMMAND_WITHIN);
  }
}

/** What users that we make are called. */
const OUR_USER = 'Latchkey';

const MODE = { lock: 255, unlock: 0 } as const;

const place = (slot: number) => ({ userId: slot, slotId: 1 });

/** What it means that the driver did not do it. Its own words are not repeated: they may quote what was sent. */
function failure(reply: Exclude<Reply, { kind: 'done' }>): Exclude<Outcome, { kind: 'ok' }> {
  if (reply.kind === 'no-answer' || reply.code === null || SILENT.has(reply.code)) return { kind: 'unknown' };
  return {
    kind: 'refused',
    errorCode: `ZW0${reply.code}`,
    message: `Z-Wave JS refused it (ZW0${reply.code}).`,
  };
}

function ofResult(reply: Reply): Outcome {
  if (reply.kind !== 'done') return failure(reply);
  const read = numbered.safeParse(reply.result);
  if (!read.success) return { kind: 'unknown' };
  switch (read.data.result) {
    case SET.ok:
      return { kind: 'ok', value: undefined };
    case SET.occupied:
      return refused('SLOT_OCCUPIED', 'Another code lies in that place.');
    case SET.duplicate:
    case SET.duplicateOfAdmin:
      return refused('PIN_CONFLICT', 'The lock holds that PIN already.');
    case SET.againstRules:
      return refused('INVALID_PIN', 'The PIN breaks a rule of the lock.');
    default:
      return refused('NOT_TAKEN', 'The lock did not take it, and gave no reason.');
  }
}

export function refused(errorCode: string, message: string) {
  return { kind: 'refused', errorCode, message } as const;
}
