import type { Account, Device } from '@latchkey/devices';
import type { AccessCode } from '../domain/access-code';
import { type Content, sameContent } from '../domain/content';
import { contentFor } from '../domain/decisions';
import type { LeadTimes } from '../domain/circumstances';
import { isNative, neededFrom } from '../domain/plan';
import { endOf, isGone, externalInEffectOf } from '../domain/life';

export type CodeStatus = 'unset' | 'setting' | 'set' | 'removing' | 'unknown';

/** What is known around a code when it is shown. Instants in ms. */
export interface Surroundings {
  readonly device: Device | null;
  readonly account: Account | null;
  readonly now: number;
  readonly settings: LeadTimes;
  /** An unmanaged code with the PIN that this one needs. */
  readonly occupant?: Occupant | null;
  /** Whether a backup code on the device could be pulled for it now. */
  readonly hasBackup?: boolean;
}

/** The code that has a PIN on a lock, and since when it has been in the way, ms. */
export interface Occupant {
  readonly codeId: string;
  readonly since: number;
}

/** A code compared with what its lock holds: its status, errors and pending mutations follow from this. */
export interface Standing {
  readonly status: CodeStatus;
  /** Whether its lock keeps its window by itself. */
  readonly native: boolean;
  /** When it is to be on the lock from, ms. */
  readonly from: number;
  /** What the lock should hold of it now. */
  readonly wanted: Content | null;
  /** Its removal has begun, or its end has passed. */
  readonly ending: boolean;
  /** The lock holds what it should. */
  readonly settled: boolean;
}

export function standingOf(code: AccessCode, around: Surroundings): Standing {
  const { device, now, settings } = around;
  const native = isNative(code.wanted, device);
  const from = neededFrom(code, native, settings);
  const ending =
    endOf(code) !== null || (code.wanted.schedule !== null && now >= code.wanted.schedule.endsAt);
  // A code whose window the lock keeps may stay on it, however far the window has moved away.
  const due = now >= from || (native && code.known.onLock?.window != null);
  const left = erasedByAgreement(code);
  const wanted = !ending && due && !left ? contentFor(code, native) : null;
  const settled = wanted === null ? code.known.onLock === null : holds(code, wanted);
  return {
    status: status(code, around, { native, wanted, ending, settled }),
    native,
    from,
    wanted,
    ending,
    settled,
  };
}

/** Somebody erased it on the lock, and that was accepted. */
export function erasedByAgreement(code: AccessCode): boolean {
  return externalInEffectOf(code)?.change === 'removed' && code.known.onLock === null;
}

function holds(code: AccessCode, wanted: Content): boolean {
  return code.known.onLock !== null && sameContent(code.known.onLock, wanted);
}

function status(
  code: AccessCode,
  { device, account, now }: Surroundings,
  { native, wanted, ending, settled }: Omit<Standing, 'status' | 'from'>,
): CodeStatus {
  if (isGone(code)) return 'unset';
  const outOfReach = account !== null && !account.connected;
  if (code.trouble.connectionLostAt !== null || outOfReach) return 'unknown';
  if (ending) return 'removing';
  // Nobody can look at a lock that has left its account.
  if (device !== null && device.removedAt !== null) return 'unknown';
  if (code.known.onLock && code.known.setAt !== null) return settled ? 'set' : 'setting';
  if (wanted === null) return 'unset';
  return native && now < code.wanted.schedule!.startsAt ? 'unset' : 'setting';
}
