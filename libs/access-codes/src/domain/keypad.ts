import type { CodeRefusal } from './refused';
import { EventCodec, type Fold, Refusal } from '@latchkey/event-sourcing';
import { z } from 'zod';
import { sameWindow, storedWindow, type Window, windowOf } from './content';
import { type SealedPin, sealedPin } from './events';

/**
 * Streams `keypad-<deviceId>`: which PIN is reserved for which window on one lock. This stream makes sure that no PIN
 * opens a door for two codes at a time.
 *
 * Each code's PINs are sealed and fingerprinted with a key of its own, which is erased with the code: whether two codes
 * have the same PIN is found out by opening both (KeypadPins), and a decision gets the keypad as one code sees it: its
 * own reservations, and those of others that have its PIN, under its own fingerprint.
 */
export const KEYPAD = 'keypad';

/** How long a reservation may stand without its code, ms. */
export const RESERVATION_GRACE = 5 * 60_000;

const window = z.object({ startsAt: z.iso.datetime(), endsAt: z.iso.datetime() });
const reservation = z.object({
  codeId: z.string(),
  pinFingerprint: z.string(),
  /** Missing in reservations of an earlier version: then the code's own stream has it. */
  pin: sealedPin.optional(),
  /** Null: for good. */
  window: window.nullable(),
  /** Of an unmanaged code: it has the PIN in any case, and does not keep others from reserving it. */
  foreign: z.literal(true).optional(),
  /** Of a code about to be requested: the common code that it has joined, and leaves if it never comes. */
  commonCodeId: z.string().optional(),
});

/** A reservation as it is recorded in snapshots. */
export const storedReservation = reservation.extend({ reservedAt: z.iso.datetime() });

const shapes = {
  PinReserved: { schema: reservation },
  /** Without a fingerprint: all that the code had reserved. */
  PinReleased: { schema: z.object({ codeId: z.string(), pinFingerprint: z.string().nullable() }) },
  /** On a lock with numbered places: this place is the code's. A code has one place; a new one replaces the old. */
  SlotTaken: {
    schema: z.object({
      codeId: z.string(),
      slot: z.number().int(),
      /** Found there, put by somebody else. */
      foreign: z.literal(true).optional(),
    }),
  },
  SlotReleased: { schema: z.object({ codeId: z.string() }) },
  /** Written by earlier versions: the whole keypad, so that what came before need not be read. */
  KeypadSnapshotted: {
    schema: z.object({
      reservations: z.array(storedReservation),
      releasedAt: z.iso.datetime().nullable(),
    }),
  },
};

export type KeypadEvent = {
  [T in keyof typeof shapes]: { readonly type: T; readonly data: z.infer<(typeof shapes)[T]['schema']> };
}[keyof typeof shapes];

export const keypadCodec = new EventCodec<KeypadEvent>(shapes);

/** The same with the PIN itself, sealed for the code. */
export interface SealedWantedPin extends WantedPin {
  readonly pin: SealedPin;
}

export interface Reservation {
  readonly codeId: string;
  readonly pinFingerprint: string;
  readonly pin?: SealedPin;
  readonly window: Window | null;
  readonly reservedAt: number;
  /** Put on the lock by somebody else. */
  readonly foreign?: true;
  /** The common code that its code may have joined. */
  readonly commonCodeId?: string;
}

/** A PIN that a code needs, and when. */
export interface WantedPin {
  readonly codeId: string;
  readonly pinFingerprint: string;
  readonly pin?: SealedPin;
  readonly window: Window | null;
  /** For a code that is not ours. */
  readonly foreign?: boolean;
  /** The common code that the code is about to join. */
  readonly commonCodeId?: string;
}

/** What is reserved on a keypad, all of it or as one code sees it. */
export interface Keypad {
  readonly reservations: readonly Reservation[];
  /** When something last left the keypad, ms; 0 before. */
  readonly releasedAt: number;
  /** Events folded since the last snapshot. */
  readonly sinceSnapshot: number;
  /** The place on the lock that is the code's, where the lock has numbered ones. */
  readonly slot?: number;
  /**
   * Reservations of PINs that begin like a code's PIN; filled in only where the lock does not take two such PINs at a
   * time.
   */
  readonly sameFirstDigits?: readonly Reservation[];
}

export const keypadFold: Fold<Keypad, KeypadEvent> = {
  initial: { reservations: [], releasedAt: 0, sinceSnapshot: 0 },
  evolve(keypad, event) {
    const sinceSnapshot = keypad.sinceSnapshot + 1;
    switch (event.type) {
      case 'PinReserved': {
        const { codeId, pinFingerprint, pin, foreign, commonCodeId } = event.data;
        const others = keypad.reservations.filter(
          (r) => r.codeId !== codeId || r.pinFingerprint !== pinFingerprint,
        );
        const mine: Reservation = {
          codeId,
          pinFingerprint,
          ...(pin ? { pin } : {}),
          window: windowOf(event.data.window),
          reservedAt: event.at,
          ...(foreign ? { foreign } : {}),
          ...(commonCodeId === undefined ? {} : { commonCodeId }),
        };
        return { ...keypad, reservations: [...others, mine], sinceSnapshot };
      }
      case 'PinReleased': {
        const { codeId, pinFingerprint } = event.data;
        const left = keypad.reservations.filter(
          (r) => r.codeId !== codeId || (pinFingerprint !== null && r.pinFingerprint !== pinFingerprint),
        );
        return { ...keypad, reservations: left, releasedAt: event.at, sinceSnapshot };
      }
      case 'SlotTaken':
        return { ...keypad, slot: event.data.slot, sinceSnapshot };
      case 'SlotReleased': {
        const { slot: _, ...rest } = keypad;
        return { ...rest, releasedAt: event.at, sinceSnapshot };
      }
      case 'KeypadSnapshotted':
        return {
          reservations: reservationsOf(event.data.reservations),
          releasedAt: event.data.releasedAt ? Date.parse(event.data.releasedAt) : 0,
          sinceSnapshot: 0,
        };
      default: {
        const never: never = event;
        return never;
      }
    }
  },
};

/** The PIN is taken by another code in a window that overlaps. */
export class PinTaken extends Refusal {
  constructor(readonly byCodeId: string) {
    const why: CodeRefusal = 'pin-taken';
    super(
      { kind: 'conflict', why, by: byCodeId },
      'Another access code on this device has the same code in an overlapping period.',
    );
  }
}

/**
 * On a lock that distinguishes PINs by their first four digits, another code has the same ones in an overlapping
 * window.
 */
export class FirstDigitsTaken extends Refusal {
  constructor() {
    const message = 'The first four digits must differ from those of every other code on the lock';
    super(
      { kind: 'invalid', wrong: { code: [`${message} (unique_first_four_digits).`] } },
      `The lock does not take this access code. ${message} (unique_first_four_digits).`,
    );
  }
}

/** Whether another code has the PIN, or one that the lock does not take beside it. */
export const isTaken = (error: unknown): error is PinTaken | FirstDigitsTaken =>
  error instanceof PinTaken || error instanceof FirstDigitsTaken;

/**
 * Half-open windows overlap when each begins before the other ends; null has no end and no beginning, and a window
 * that ends where it begins overlaps none.
 */
export function overlap(a: Window | null, b: Window | null): boolean {
  if (isEmpty(a) || isEmpty(b)) return false;
  return a === null || b === null || (a.startsAt < b.endsAt && b.startsAt < a.endsAt);
}

function isEmpty(window: Window | null): boolean {
  return window !== null && window.startsAt >= window.endsAt;
}

/** Which code of ours has this PIN reserved in an overlapping window. */
export function holder(keypad: Keypad, wanted: WantedPin): Reservation | undefined {
  return keypad.reservations.find((r) => r.foreign !== true && collide(r, wanted));
}

/** Who else, ours or not, has this PIN in an overlapping window. */
export function occupant(keypad: Keypad, wanted: WantedPin): Reservation | undefined {
  return keypad.reservations.find((r) => collide(r, wanted));
}

function collide(r: Reservation, wanted: WantedPin): boolean {
  return (
    r.codeId !== wanted.codeId &&
    r.pinFingerprint === wanted.pinFingerprint &&
    overlap(r.window, wanted.window)
  );
}

/**
 * Reserves a PIN, or moves the window of the reservation that the code has on it. What somebody else has put on the
 * lock is recorded in any case, and does not keep others from reserving.
 * @throws {PinTaken} or {FirstDigitsTaken}
 */
export function reserve(keypad: Keypad, wanted: WantedPin): KeypadEvent[] {
  const { codeId, pinFingerprint, pin, foreign = false, commonCodeId } = wanted;
  const taken = foreign ? undefined : holder(keypad, wanted);
  if (taken) throw new PinTaken(taken.codeId);
  const mine = keypad.reservations.find((r) => r.codeId === codeId && r.pinFingerprint === pinFingerprint);
  if (mine && sameWindow(mine.window, wanted.window) && (mine.foreign ?? false) === foreign) return [];
  const { sameFirstDigits = [] } = keypad;
  if (!foreign && sameFirstDigits.some((r) => r.codeId !== codeId && overlap(r.window, wanted.window)))
    throw new FirstDigitsTaken();
  const window = storedWindow(wanted.window);
  return [
    {
      type: 'PinReserved',
      data: {
        ...{ codeId, pinFingerprint, window },
        ...(pin ? { pin } : {}),
        ...(foreign ? { foreign: true as const } : {}),
        ...(commonCodeId === undefined ? {} : { commonCodeId }),
      },
    },
  ];
}

/** Releases one reservation of a code, or all of them; then its place on the lock as well. */
export function release(keypad: Keypad, codeId: string, pinFingerprint: string | null): KeypadEvent[] {
  const has = keypad.reservations.some(
    (r) => r.codeId === codeId && (pinFingerprint === null || r.pinFingerprint === pinFingerprint),
  );
  const slot: KeypadEvent[] =
    pinFingerprint === null && keypad.slot !== undefined ? [{ type: 'SlotReleased', data: { codeId } }] : [];
  return [...(has ? [{ type: 'PinReleased' as const, data: { codeId, pinFingerprint } }] : []), ...slot];
}

/** The code will be gone at `at`: from then on its PIN can be reserved, before its window ends. */
export function endReservations(keypad: Keypad, codeId: string, at: number): KeypadEvent[] {
  return keypad.reservations
    .filter((r) => r.codeId === codeId && (r.window === null || r.window.endsAt > at))
    .map((r) => ({
      type: 'PinReserved' as const,
      data: {
        codeId,
        pinFingerprint: r.pinFingerprint,
        ...(r.pin ? { pin: r.pin } : {}),
        window: storedWindow({ startsAt: Math.min(r.window?.startsAt ?? at, at), endsAt: at }),
      },
    }));
}

/** The whole keypad in one event, as earlier versions wrote it. */
export function snapshot(keypad: Keypad): KeypadEvent {
  return {
    type: 'KeypadSnapshotted',
    data: {
      reservations: storedReservations(keypad.reservations),
      releasedAt: keypad.releasedAt ? new Date(keypad.releasedAt).toISOString() : null,
    },
  };
}

/** Reservations as they are recorded in snapshots. */
export function storedReservations(
  reservations: readonly Reservation[],
): z.infer<typeof storedReservation>[] {
  return reservations.map((r) => ({
    codeId: r.codeId,
    pinFingerprint: r.pinFingerprint,
    ...(r.pin ? { pin: r.pin } : {}),
    window: storedWindow(r.window),
    reservedAt: new Date(r.reservedAt).toISOString(),
    ...(r.foreign ? { foreign: r.foreign } : {}),
    ...(r.commonCodeId === undefined ? {} : { commonCodeId: r.commonCodeId }),
  }));
}

/** Reservations as read from a snapshot. */
export function reservationsOf(stored: readonly z.infer<typeof storedReservation>[]): Reservation[] {
  return stored.map((r) => ({
    ...r,
    window: windowOf(r.window),
    reservedAt: Date.parse(r.reservedAt),
  }));
}
