import type { DeviceStreams } from '@latchkey/devices';
import { type Cause, type Decided, DeciderStreams, type EventStore } from '@latchkey/event-sourcing';
import type { LockCapabilities, SlotRange } from '@latchkey/gateways';
import type { Clock, Ids, Logger, PinOfCode, Vault } from '@latchkey/platform';
import { type CodesWithKey, CommonCodes } from './common-codes';
import type { AccessCode } from './domain/access-code';
import type { Window } from './domain/content';
import { codeFold } from './domain/code-fold';
import { ACCESS_CODE, codeCodec, type CodeEvent, type SealedPin } from './domain/events';
import {
  heldSlots,
  type IndexedKeypad,
  indexedKeypadFold,
  isFreeIn,
  keypadFor,
  ofCode,
} from './domain/indexed-keypad';
import {
  type Keypad,
  KEYPAD,
  keypadCodec,
  type KeypadEvent,
  type SealedWantedPin,
  type Reservation,
  release,
  reserve,
} from './domain/keypad';
import { occupySlot, releaseSlot, takeSlot } from './domain/slots';
import { sameFirstDigits, tellsByFirstDigits } from './first-digits';
import { KeypadPins } from './keypad-pins';
import { KeypadSnapshots } from './keypad-snapshots';
import { pinWith } from './known-pins';

/** A snapshot is written after this many events, or half as many as the keypad has reservations. */
const SNAPSHOT_AFTER = 500;

/** What is kept where each keypad is looked at once. A keypad may have some thousand PINs. */
const PASSING = { keypads: 50, pins: 10_000 };

/** A code, or one to be created, with the PIN in question. */
export type CodeWithPin = { readonly codeId: string } & PinOfCode;

/** Whether a PIN is free for a new code in a window. */
export type IsFree = (pin: string, window: Window | null) => boolean;

/** The streams that a code's life is decided on. */
export class Streams {
  readonly codes: DeciderStreams<AccessCode | null, CodeEvent>;
  readonly devices: DeviceStreams['devices'];
  readonly accounts: DeviceStreams['accounts'];
  readonly attempts: DeviceStreams['attempts'];
  readonly doors: DeviceStreams['doors'];
  readonly commonCodes: CommonCodes;
  private readonly keypads: DeciderStreams<IndexedKeypad, KeypadEvent>;
  private readonly snapshots: KeypadSnapshots;
  private readonly snapshotting = new Map<string, Promise<void>>();
  private readonly pins: KeypadPins;

  constructor(
    store: EventStore,
    clock: Clock,
    ids: Ids,
    { devices, accounts, attempts, doors }: DeviceStreams,
    private readonly vault: Vault,
    private readonly logger: Logger,
    {
      alone = false,
      codesWithKey = () => Promise.resolve([]),
      passing = false,
    }: {
      /** No other process appends to these streams. */
      readonly alone?: boolean;
      /** Finds the codes that had a common_code_key before there was a stream for it. */
      readonly codesWithKey?: CodesWithKey;
      /** Each keypad is looked at for a while and not again: few are kept. */
      readonly passing?: boolean;
    } = {},
  ) {
    const shared = { store, clock, ids, alone };
    this.codes = new DeciderStreams({ ...shared, category: ACCESS_CODE, codec: codeCodec, fold: codeFold });
    this.snapshots = new KeypadSnapshots(shared);
    this.keypads = new DeciderStreams({
      ...shared,
      category: KEYPAD,
      codec: keypadCodec,
      fold: indexedKeypadFold,
      snapshots: this.snapshots,
      ...(passing && { cacheSize: PASSING.keypads }),
    });
    this.pins = new KeypadPins(
      vault,
      async ({ codeId, pinFingerprint }) => {
        const { state } = await this.codes.load(codeId);
        return state && pinWith(state, pinFingerprint);
      },
      passing ? PASSING.pins : undefined,
    );
    const codeOf = async (codeId: string) => (await this.codes.load(codeId)).state;
    this.commonCodes = new CommonCodes({ ...shared, vault, codeOf, codesWithKey });
    this.devices = devices;
    this.accounts = accounts;
    this.attempts = attempts;
    this.doors = doors;
  }

  keypadStream(deviceId: string): string {
    return this.keypads.streamOf(deviceId);
  }

  /** All that is reserved on a keypad, in no order. */
  async reservations(deviceId: string): Promise<Reservation[]> {
    const { state } = await this.keypads.load(deviceId);
    return [...state.byCode.entries()].flatMap(([, reservations]) => reservations);
  }

  /** Visits every PIN that is reserved on a keypad, with its reservation. `visit` must not wait for anything. */
  async eachReservedPin(
    deviceId: string,
    visit: (pin: string, reservation: Reservation) => void,
  ): Promise<void> {
    const { state } = await this.keypads.load(deviceId);
    await this.pins.with(deviceId, state, (_, all) => {
      for (const [reservation, pin] of all) visit(pin, reservation);
    });
  }

  /** The keypad as a code sees it: what it has reserved, and which others have its PIN. */
  async keypadFor(
    deviceId: string,
    code: Pick<AccessCode, 'codeId' | 'wanted'> | { readonly codeId: string },
    atLeast?: number,
  ): Promise<Keypad> {
    const { state } = await this.keypads.load(deviceId, atLeast);
    const { codeId } = code;
    if (!('wanted' in code)) return keypadFor(state, { codeId, pinFingerprint: '' }, []);
    const { pin, pinFingerprint } = code.wanted;
    return this.seenBy(deviceId, state, { codeId, pin, pinFingerprint });
  }

  /** What a code has reserved on a keypad, where that is kept; other codes are left out. */
  keypadKept(deviceId: string, codeId: string, atLeast?: number): Keypad | undefined {
    const kept = this.keypads.kept(deviceId, atLeast);
    return kept && keypadFor(kept.state, { codeId, pinFingerprint: '' }, []);
  }

  /** The keypad as a code sees it, where all of that is kept and the code has its PIN reserved. */
  keypadSeenKept(
    code: Pick<AccessCode, 'codeId' | 'deviceId' | 'wanted'>,
    atLeast?: number,
  ): Keypad | undefined {
    const { codeId, deviceId, wanted } = code;
    const state = this.keypads.kept(deviceId, atLeast)?.state;
    const own = state && reservedAsWanted(state, code);
    const samePin = own && this.pins.keptWithPinOf(deviceId, state, own);
    return samePin && keypadFor(state, { codeId, pinFingerprint: wanted.pinFingerprint }, samePin);
  }

  /**
   * The same for many codes on one keypad, by their ids.
   * @param mayIgnoreOthers whether a code that has its PIN reserved need not know which others have it: where no code
   *   has to, no PIN is opened
   * @returns also the revision of the keypad
   */
  async keypadForAll<C extends Pick<AccessCode, 'codeId' | 'wanted'> | { readonly codeId: string }>(
    deviceId: string,
    codes: readonly C[],
    atLeast?: number,
    mayIgnoreOthers: (code: C) => boolean = () => false,
  ): Promise<{ readonly revision: number; readonly keypads: ReadonlyMap<string, Keypad> }> {
    const { state, revision } = await this.keypads.load(deviceId, atLeast);
    const alone = (code: C): [string, Keypad] => {
      const pinFingerprint = 'wanted' in code ? code.wanted.pinFingerprint : '';
      return [code.codeId, keypadFor(state, { codeId: code.codeId, pinFingerprint }, [])];
    };
    const isAlone = (code: C) =>
      !('wanted' in code) || (mayIgnoreOthers(code) && reservedAsWanted(state, code) !== undefined);
    if (codes.every(isAlone)) return { revision, keypads: new Map(codes.map(alone)) };
    const unreserved = codes.flatMap((code) => {
      if (!('wanted' in code) || reservedAsWanted(state, code)) return [];
      return [{ codeId: code.codeId, sealed: code.wanted.pin }];
    });
    const opened = await this.vault.openAll(unreserved.map(({ sealed }) => sealed));
    const others = new Map(unreserved.map(({ codeId }, n) => [codeId, opened[n]]));
    const keypads = await this.pins.with(deviceId, state, (withPin, all) =>
      codes.map((code): [string, Keypad] => {
        const { codeId } = code;
        if (!('wanted' in code)) return alone(code);
        const own = reservedAsWanted(state, code);
        const pin = own ? all.get(own) : others.get(codeId);
        const { pinFingerprint } = code.wanted;
        return [codeId, keypadFor(state, { codeId, pinFingerprint }, pin == null ? [] : withPin(pin))];
      }),
    );
    return { revision, keypads: new Map(keypads) };
  }

  /**
   * What is free on a keypad; a free PIN still has to be reserved.
   * @param codeId whose own reservations do not count as taken
   */
  async freePins(deviceId: string, codeId?: string): Promise<IsFree> {
    const { state } = await this.keypads.load(deviceId);
    const withPin = await this.pins.with(deviceId, state, (each) => each);
    return (pin, window) =>
      isFreeIn(
        window,
        withPin(pin).filter((r) => r.codeId !== codeId),
      );
  }

  /**
   * Reserves a PIN for a code, or moves the window of the reservation that it has.
   * @param lock whose rules about PINs beside each other are kept; left out: they are not checked
   * @param pin the wanted PIN itself, where it is at hand; left out: it is opened
   * @throws {PinTaken} or {FirstDigitsTaken}
   */
  async reservePin(
    deviceId: string,
    cause: Cause,
    wanted: SealedWantedPin,
    lock?: Pick<LockCapabilities, 'codeConstraints'>,
    pin?: string,
  ): Promise<void> {
    const decided = await this.keypads.transactOnKept(deviceId, cause, async (state) =>
      reserve(await this.seenBy(deviceId, state, wanted, lock, pin), wanted),
    );
    this.writeDownWhereBusy(deviceId, decided, cause);
  }

  /** Decides on what one code has reserved. */
  async onReservationsOf(
    codeId: string,
    deviceId: string,
    cause: Cause,
    decide: (keypad: Keypad) => KeypadEvent[],
  ): Promise<void> {
    await this.decide(deviceId, cause, (state) =>
      decide(keypadFor(state, { codeId, pinFingerprint: '' }, [])),
    );
  }

  /**
   * Takes a place on a lock for a code that is to come onto it: the one that it has, or the first that is free.
   * @returns null: the lock is full
   */
  async takeSlot(deviceId: string, cause: Cause, codeId: string, ours: SlotRange): Promise<number | null> {
    let slot: number | null = null;
    await this.decide(deviceId, cause, (state) => {
      const decided = takeSlot(heldSlots(state), { codeId, ours });
      slot = decided?.slot ?? null;
      return decided?.events ?? [];
    });
    return slot;
  }

  /** Somebody else's code was read back from a place on a lock. */
  occupySlot(deviceId: string, cause: Cause, codeId: string, slot: number): Promise<void> {
    return this.decide(deviceId, cause, (state) => occupySlot(heldSlots(state), codeId, slot));
  }

  /** Releases a code's place on its lock. */
  releaseSlot(deviceId: string, cause: Cause, codeId: string): Promise<void> {
    return this.decide(deviceId, cause, (state) => releaseSlot(heldSlots(state), codeId));
  }

  /** Releases all that codes have reserved on one keypad. */
  async releaseAll(deviceId: string, codeIds: readonly string[], cause: Cause): Promise<void> {
    await this.decide(deviceId, cause, (state) =>
      codeIds.flatMap((codeId) => {
        const own = keypadFor(state, { codeId, pinFingerprint: '' }, []);
        return release(own, codeId, null);
      }),
    );
  }

  /** Resolves when no snapshot of a keypad is being written. */
  async settled(): Promise<void> {
    await Promise.all(this.snapshotting.values());
  }

  private async seenBy(
    deviceId: string,
    state: IndexedKeypad,
    code: CodeWithPin,
    lock?: Pick<LockCapabilities, 'codeConstraints'>,
    known?: string,
  ): Promise<Keypad> {
    const pin = known ?? (await this.plain(code.pin));
    return this.pins.with(deviceId, state, (withPin, all) => {
      if (pin === null) return keypadFor(state, code, []);
      const rule = lock !== undefined && tellsByFirstDigits(lock);
      return keypadFor(state, code, withPin(pin), rule ? sameFirstDigits(pin, all) : []);
    });
  }

  private async plain(sealed: SealedPin): Promise<string | null> {
    const [pin] = await this.vault.openAll([sealed]);
    return pin ?? null;
  }

  private async decide(
    deviceId: string,
    cause: Cause,
    decide: (state: IndexedKeypad) => KeypadEvent[] | Promise<KeypadEvent[]>,
  ): Promise<void> {
    const decided = await this.keypads.transact(deviceId, cause, decide);
    this.writeDownWhereBusy(deviceId, decided, cause);
  }

  /** In the background: a snapshot that fails is logged, and tried again later. */
  private writeDownWhereBusy(deviceId: string, decided: Decided<IndexedKeypad>, cause: Cause): void {
    const since = decided.revision - this.snapshots.recordedAt(deviceId);
    if (since < Math.max(SNAPSHOT_AFTER, decided.state.byCode.size / 2) || this.snapshotting.has(deviceId))
      return;
    const writing = this.snapshots
      .write(deviceId, decided, cause)
      .catch((err: unknown) =>
        this.logger.warn({ err, deviceId }, 'a snapshot of a keypad could not be written'),
      )
      .finally(() => this.snapshotting.delete(deviceId));
    this.snapshotting.set(deviceId, writing);
  }
}

/** The code's reservation of the PIN that it is to have: it is opened with the others of the keypad. */
function reservedAsWanted(
  state: IndexedKeypad,
  { codeId, wanted }: Pick<AccessCode, 'codeId' | 'wanted'>,
): Reservation | undefined {
  return ofCode(state, codeId).find(({ pinFingerprint }) => pinFingerprint === wanted.pinFingerprint);
}
