import { EventCodec, evolved, type Fold, Refusal } from '@latchkey/event-sourcing';
import { z } from 'zod';
import type { AccessCode } from './access-code';
import { type SealedPin, sealedPin } from './events';
import { RESERVATION_GRACE } from './keypad';
import { endOf, isUnmanaged, externalInEffectOf } from './life';
import { PersistentMap } from './persistent-map';
import type { CodeRefusal } from './refused';

/**
 * Streams `commonCode-<…>`, one for each common_code_key of a workspace: which codes have the key. This stream makes
 * sure that all of them have one PIN: a code that joins with another one loses the race, and its command is decided
 * again.
 *
 * A key may be somebody's name. The stream is named by a keyed fingerprint of it and does not contain it. PINs are
 * sealed for their codes, and erased with them here as well: whether two are the same is found out by opening both in
 * memory, and a decision gets the result.
 */
export const COMMON_CODE = 'commonCode';

const shapes = {
  /** Codes that had the key before there was its stream: their own streams have their PINs. */
  EarlierCodesJoined: { schema: z.object({ codeIds: z.array(z.string()) }) },
  /** A code that is about to be requested has this PIN, or an existing one is about to be given it. */
  CommonCodeJoined: { schema: z.object({ codeId: z.string(), pin: sealedPin }) },
  CommonCodeLeft: { schema: z.object({ codeId: z.string() }) },
};

export type CommonCodeEvent = {
  [T in keyof typeof shapes]: { readonly type: T; readonly data: z.infer<(typeof shapes)[T]['schema']> };
}[keyof typeof shapes];

export const commonCodeCodec = new EventCodec<CommonCodeEvent>(shapes);

/** A code that has joined. */
export interface Member {
  readonly codeId: string;
  /** The PIN that it joined with last; null for one that was there before the stream. */
  readonly pin: SealedPin | null;
  /** When it last joined, ms. */
  readonly since: number;
}

/** The codes that have one key. */
export interface CommonCode {
  readonly members: PersistentMap<Member>;
  /** Whether anything has happened: before that, there may be codes with the key that are not recorded here. */
  readonly begun: boolean;
}

export const commonCodeFold: Fold<CommonCode, CommonCodeEvent> = {
  initial: { members: PersistentMap.empty(), begun: false },
  evolve({ members }, event) {
    const since = event.at;
    switch (event.type) {
      case 'EarlierCodesJoined': {
        const all = event.data.codeIds.reduce(
          (some, codeId) => some.set(codeId, { codeId, pin: null, since }),
          members,
        );
        return { members: all, begun: true };
      }
      case 'CommonCodeJoined': {
        const { codeId, pin } = event.data;
        return { members: members.set(codeId, { codeId, pin, since }), begun: true };
      }
      case 'CommonCodeLeft':
        return { members: members.set(event.data.codeId, undefined), begun: true };
      default: {
        const never: never = event;
        return never;
      }
    }
  },
};

/** Codes with the key have another PIN than the one that was asked for. */
export class OtherPin extends Refusal {
  constructor(
    message = 'Other access codes with this common_code_key have another code, and all of them must have the same.',
  ) {
    const why: CodeRefusal = 'common-code-key-in-use';
    super({ kind: 'conflict', why }, message);
  }
}

/**
 * Whether a member still binds others, by what its own stream says at this instant (ms). One whose code never came
 * does so for as long as a reservation stands without its code.
 */
export function binds(member: Member, code: AccessCode | null, now: number): boolean {
  if (!code) return now < member.since + RESERVATION_GRACE;
  return !endOf(code) && !isUnmanaged(code) && code.wanted.commonCodeKey !== null;
}

/**
 * The PIN of a member; where it has lately joined with another one, that PIN too: they differ while the PIN is being
 * changed. A change that somebody else has made on the lock since, and that was accepted, does not count.
 */
export function pinsOf(member: Member, code: AccessCode | null, now: number): SealedPin[] {
  const joinedWith = member.pin ? [member.pin] : [];
  if (!code) return joinedWith;
  const externalInEffect = externalInEffectOf(code);
  const isLate = now >= member.since + RESERVATION_GRACE;
  const isOvertaken = externalInEffect !== null && externalInEffect.at >= member.since;
  return [code.wanted.pin, ...(isLate || isOvertaken ? [] : joinedWith)];
}

/** What is known of the members when a code is to join. */
export interface Seen {
  /** Those that no longer bind others. */
  readonly gone: readonly string[];
  /** Whether the others have the PIN; null where there are none. */
  readonly others: 'have-it' | 'have-another' | null;
  /** The code has joined with this PIN already, however it was sealed. */
  readonly joined: boolean;
  /** Codes that have the key, as far as is known from elsewhere; matters at the beginning alone. */
  readonly earlier: readonly string[];
}

/**
 * A code joins the codes with its key, or is about to be given another PIN; members that are gone leave.
 * @throws {OtherPin}
 */
export function join(
  common: CommonCode,
  { codeId, pin }: { readonly codeId: string; readonly pin: SealedPin },
  { gone, others, joined, earlier }: Seen,
): CommonCodeEvent[] {
  if (others === 'have-another') throw new OtherPin();
  const beginning = begin(common, earlier);
  const begun = evolved(commonCodeFold, common, beginning, 0);
  const mine = begun.members.get(codeId);
  const isIn = mine !== undefined && (joined || mine.pin?.box === pin.box);
  return [
    ...beginning,
    ...gone.flatMap((id) => leave(begun, id)),
    ...(isIn ? [] : [{ type: 'CommonCodeJoined', data: { codeId, pin } } as const]),
  ];
}

/** Records the codes that had the key before its stream existed. */
export function begin({ begun }: CommonCode, earlier: readonly string[]): CommonCodeEvent[] {
  return begun || earlier.length === 0
    ? []
    : [{ type: 'EarlierCodesJoined', data: { codeIds: [...earlier] } }];
}

/** A code is going, or never came. */
export function leave({ members }: CommonCode, codeId: string): CommonCodeEvent[] {
  return members.get(codeId) ? [{ type: 'CommonCodeLeft', data: { codeId } }] : [];
}
