import {
  type Account,
  ACCOUNT,
  accountCodec,
  accountFold,
  type Device,
  DEVICE,
  deviceCodec,
  deviceFold,
} from '@latchkey/devices';
import type { RecordedEvent } from '@latchkey/event-sourcing';
import type { Clock } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import type { PlanSettings } from '../domain/circumstances';
import { type Keypad, KEYPAD, keypadCodec, keypadFold } from '../domain/keypad';
import { firstDue } from '../domain/next-look';

/** What so many codes have reserved is kept until they are requested, which is soon. */
const NOT_REQUESTED_YET = 10_000;

/**
 * When a code that was just requested is due first, while the agenda is built from the beginning of history: what it
 * depends on is folded from the same events, so that no stream is read, and the row is written once. By a clock that is
 * right; what happens later makes the code due by itself.
 */
export class FoldedLooks {
  private readonly devices = new Map<string, Folded<Device | null>>();
  private readonly accounts = new Map<string, Folded<Account | null>>();
  /** When something last left each keypad, ms. */
  private readonly keypads = new Map<string, Folded<number>>();
  /** What codes have reserved that were not requested yet, those that began first at first. */
  private readonly reserved = new Map<string, Keypad>();

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly settings: PlanSettings,
  ) {}

  /** To be called with each event in order, before its code is looked at; what comes again is passed over. */
  see(category: string, id: string, recorded: RecordedEvent): void {
    if (category === DEVICE)
      fold(this.devices, id, recorded, null, (device) =>
        deviceFold.evolve(device, deviceCodec.decode(recorded)),
      );
    else if (category === ACCOUNT)
      fold(this.accounts, id, recorded, null, (account) =>
        accountFold.evolve(account, accountCodec.decode(recorded)),
      );
    else if (category === KEYPAD)
      fold(this.keypads, id, recorded, 0, (releasedAt) => this.seeKeypad(recorded, releasedAt));
  }

  /** Asked once for each code. @returns ms; undefined: there is something to do now, or it is not known */
  ofNew(code: AccessCode): number | undefined {
    const { codeId, deviceId } = code;
    const own = this.reserved.get(codeId);
    this.reserved.delete(codeId);
    const device = this.devices.get(deviceId)?.state;
    const account = device && this.accounts.get(device.accountId)?.state;
    const releasedAt = this.keypads.get(deviceId)?.state;
    if (!own || !account || releasedAt === undefined) return undefined;
    const keypad = { ...own, releasedAt };
    const { clock, settings } = this;
    return firstDue(code, { device, account, keypad, now: clock.now(), settings });
  }

  /** @returns when something last left the keypad, ms */
  private seeKeypad(recorded: RecordedEvent, releasedAt: number): number {
    const event = keypadCodec.decode(recorded);
    if (event.type === 'KeypadSnapshotted') return keypadFold.evolve(keypadFold.initial, event).releasedAt;
    const { reserved } = this;
    const { codeId } = event.data;
    const before = reserved.get(codeId);
    const own = keypadFold.evolve({ ...(before ?? keypadFold.initial), releasedAt }, event);
    if (own.reservations.length === 0) reserved.delete(codeId);
    else if (before || event.type === 'PinReserved') reserved.set(codeId, own);
    if (reserved.size > NOT_REQUESTED_YET) reserved.delete(reserved.keys().next().value!);
    return own.releasedAt;
  }
}

interface Folded<S> {
  readonly state: S;
  readonly revision: number;
}

function fold<S>(
  states: Map<string, Folded<S>>,
  id: string,
  { revision }: RecordedEvent,
  initial: S,
  evolve: (state: S) => S,
): void {
  const before = states.get(id);
  if (before && before.revision >= revision) return;
  states.set(id, { state: evolve(before ? before.state : initial), revision });
}
