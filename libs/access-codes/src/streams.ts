import type { DeviceStreams } from '@latchkey/devices';
import { type Cause, DeciderStreams, type EventStore, evolved } from '@latchkey/event-sourcing';
import type { Clock, Ids } from '@latchkey/platform';
import type { AccessCode } from './domain/access-code';
import { codeFold } from './domain/code-fold';
import { ACCESS_CODE, codeCodec, type CodeEvent } from './domain/events';
import {
  type Keypad,
  KEYPAD,
  keypadCodec,
  type KeypadEvent,
  keypadFold,
  snapshot,
  SNAPSHOT_AFTER,
} from './domain/keypad';

/** The streams that a code's life is decided on. */
export class Streams {
  readonly codes: DeciderStreams<AccessCode | null, CodeEvent>;
  readonly devices: DeviceStreams['devices'];
  readonly accounts: DeviceStreams['accounts'];
  readonly attempts: DeviceStreams['attempts'];
  readonly doors: DeviceStreams['doors'];
  private readonly keypads: DeciderStreams<Keypad, KeypadEvent>;

  constructor(
    private readonly store: EventStore,
    clock: Clock,
    ids: Ids,
    { devices, accounts, attempts, doors }: DeviceStreams,
  ) {
    const shared = { store, clock, ids };
    this.codes = new DeciderStreams({ ...shared, category: ACCESS_CODE, codec: codeCodec, fold: codeFold });
    this.keypads = new DeciderStreams({ ...shared, category: KEYPAD, codec: keypadCodec, fold: keypadFold });
    this.devices = devices;
    this.accounts = accounts;
    this.attempts = attempts;
    this.doors = doors;
  }

  async keypad(deviceId: string, atLeast?: number): Promise<Keypad> {
    return (await this.keypads.load(deviceId, atLeast)).state;
  }

  keypadStream(deviceId: string): string {
    return this.keypads.streamOf(deviceId);
  }

  /**
   * Decides on a keypad. Every so many events it is written down whole and what came before is hidden, so that a
   * busy lock stays as fast as a quiet one. A crash between the two only leaves more to read.
   */
  async onKeypad(deviceId: string, cause: Cause, decide: (keypad: Keypad) => KeypadEvent[]): Promise<void> {
    let whole = false;
    const decided = await this.keypads.transact(deviceId, cause, (keypad, now) => {
      const events = decide(keypad);
      whole = events.length > 0 && keypad.sinceSnapshot + events.length >= SNAPSHOT_AFTER;
      return whole ? [...events, snapshot(evolved(keypadFold, keypad, events, now))] : events;
    });
    if (whole) {
      await this.store.truncateBefore(this.keypads.streamOf(deviceId), decided.revision);
    }
  }
}
