import { KeyedMutex, othersTurn, type Vault } from '@latchkey/platform';
import { LRUCache } from 'lru-cache';
import type { SealedPin } from './domain/events';
import { type IndexedKeypad, indexedKeypadFold } from './domain/indexed-keypad';
import type { Reservation } from './domain/keypad';

/** How many PINs are kept open in memory at most. */
const PINS = 500_000;
/** How many are opened before other work gets a turn. */
const AT_ONCE = 500;

/** Which codes have which PIN reserved on one keypad, as of one state of it. Only in memory. */
interface OpenedKeypad {
  /** Undefined while it is brought up to date. */
  state: IndexedKeypad | undefined;
  readonly byPin: Map<string, Set<Reservation>>;
  readonly pinOf: Map<Reservation, string>;
}

/** Called at each step of a long loop: gives other work a turn every few hundred steps. */
function turns(): () => Promise<void> | undefined {
  let steps = 0;
  return () => (++steps % AT_ONCE === 0 ? othersTurn() : undefined);
}

/** Finds the reservations of a PIN. */
export type WithPin = (pin: string) => readonly Reservation[];

/** All reservations whose PINs can be read, with their PINs. */
export type AllPins = ReadonlyMap<Reservation, string>;

/**
 * Finds which reservations on a keypad have the same PIN, by opening them all: stored PINs can't be compared. A keypad
 * that changed is brought up to date by what changed.
 */
export class KeypadPins {
  private readonly opened: LRUCache<string, OpenedKeypad>;
  private readonly mutex = new KeyedMutex();

  constructor(
    private readonly vault: Vault,
    /** The PIN of a reservation of an earlier version, which did not carry it; null where it can't be found out. */
    private readonly pinOf: (reservation: Reservation) => Promise<SealedPin | null>,
    most = PINS,
  ) {
    this.opened = new LRUCache({ maxSize: most, sizeCalculation: ({ pinOf }) => 1 + pinOf.size });
  }

  /** Calls `use` with what belongs to `state`; it must not wait for anything. */
  async with<T>(
    deviceId: string,
    state: IndexedKeypad,
    use: (withPin: WithPin, all: AllPins) => T,
  ): Promise<T> {
    const kept = this.opened.get(deviceId);
    if (kept?.state === state) return used(kept, use);
    return this.mutex.runExclusive(deviceId, async () => {
      const keypad: OpenedKeypad = this.opened.get(deviceId) ?? {
        state: indexedKeypadFold.initial,
        byPin: new Map(),
        pinOf: new Map(),
      };
      if (keypad.state !== state) {
        await this.bringUpToDate(keypad, state);
        this.opened.set(deviceId, keypad);
      }
      return used(keypad, use);
    });
  }

  /** The reservations with the same PIN as one of them, where all that belongs to `state` is kept. */
  keptWithPinOf(
    deviceId: string,
    state: IndexedKeypad,
    reservation: Reservation,
  ): readonly Reservation[] | undefined {
    const kept = this.opened.get(deviceId);
    const pin = kept?.state === state ? kept.pinOf.get(reservation) : undefined;
    return pin === undefined ? undefined : [...kept!.byPin.get(pin)!];
  }

  private async bringUpToDate(keypad: OpenedKeypad, state: IndexedKeypad): Promise<void> {
    const added: Reservation[] = [];
    const gone: Reservation[] = [];
    const takingTurns = turns();
    for (const [, before = [], after = []] of state.byCode.changesSince(keypad.state!.byCode)) {
      for (const each of before) if (!after.includes(each)) gone.push(each);
      for (const each of after) if (!before.includes(each)) added.push(each);
      const turn = takingTurns();
      if (turn) await turn;
    }
    const pins: (string | null)[] = [];
    for (let from = 0; from < added.length; from += AT_ONCE) {
      pins.push(...(await this.open(added.slice(from, from + AT_ONCE))));
      if (added.length > AT_ONCE) await othersTurn();
    }
    // Nothing can fail from here on; a failure before this leaves everything as it was.
    keypad.state = undefined;
    for (const each of gone) {
      remove(keypad, each);
      const turn = takingTurns();
      if (turn) await turn;
    }
    for (const [n, each] of added.entries()) {
      put(keypad, each, pins[n]!);
      const turn = takingTurns();
      if (turn) await turn;
    }
    keypad.state = state;
  }

  private async open(some: readonly Reservation[]): Promise<(string | null)[]> {
    const sealed = some.every(({ pin }) => pin !== undefined)
      ? some.map(({ pin }) => pin!)
      : await Promise.all(some.map(async (each) => each.pin ?? (await this.pinOf(each))));
    const opened = await this.vault.openAll(sealed.filter((each) => each !== null));
    return sealed.map((each) => (each === null ? null : (opened.shift() ?? null)));
  }
}

const used = <T>({ byPin, pinOf }: OpenedKeypad, use: (withPin: WithPin, all: AllPins) => T): T =>
  use((pin) => [...(byPin.get(pin) ?? [])], pinOf);

/** A PIN whose key was erased belongs to no code any more. */
function put({ byPin, pinOf }: OpenedKeypad, reservation: Reservation, pin: string | null): void {
  if (pin === null) return;
  pinOf.set(reservation, pin);
  const same = byPin.get(pin);
  if (same) same.add(reservation);
  else byPin.set(pin, new Set([reservation]));
}

function remove({ byPin, pinOf }: OpenedKeypad, reservation: Reservation): void {
  const pin = pinOf.get(reservation);
  if (pin === undefined) return;
  pinOf.delete(reservation);
  const same = byPin.get(pin)!;
  same.delete(reservation);
  if (same.size === 0) byPin.delete(pin);
}
