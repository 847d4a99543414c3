import type { KnownRevisions } from '@latchkey/event-sourcing';
import type { Clock } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { firstDue, nextLook } from '../domain/next-look';
import type { PlannedWith } from './circumstances';

/** When a code is due, planned on a revision of its stream. */
export interface PlannedLook {
  readonly revision: number;
  /** ms; null: not before something happens. */
  readonly until: number | null;
}

/**
 * When a code is due by what has just happened to it: most codes are asked for long before their time, and one that has
 * come onto its lock waits for its end. Both would be claimed, planned and settled only to find that. What it depends on is
 * taken from memory, as new as what the agenda has folded; what happens later makes the code due by itself.
 */
export class LooksFromMemory {
  constructor(
    private readonly known: KnownRevisions,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly options: PlannedWith,
  ) {}

  /**
   * For a code that was just requested.
   * @returns ms; undefined: there is something to do now, or it is not known from memory
   */
  ofNew(code: AccessCode): number | undefined {
    const { known } = this;
    const { streams } = this.options;
    const { codeId, deviceId } = code;
    const around = this.around(deviceId);
    const keypad =
      around && streams.keypadKept(deviceId, codeId, known.atLeast(streams.keypadStream(deviceId)));
    return keypad && firstDue(code, { ...around, keypad });
  }

  /**
   * For a code that an event up to `revision` has happened to.
   * @returns undefined: there is something to do now, or it is not known from memory
   */
  of(codeId: string, revision: number): PlannedLook | undefined {
    const { known } = this;
    const { streams } = this.options;
    const kept = streams.codes.kept(codeId, revision);
    const code = kept?.state;
    if (!code) return undefined;
    const { deviceId } = code;
    const around = this.around(deviceId);
    const keypad = around && streams.keypadSeenKept(code, known.atLeast(streams.keypadStream(deviceId)));
    if (!keypad) return undefined;
    const look = nextLook(codeId, code, { ...around, keypad });
    return look.at === 'later' && !look.forKeypad
      ? { revision: kept.revision, until: look.until }
      : undefined;
  }

  deviceOf(codeId: string): string | undefined {
    return this.options.streams.codes.kept(codeId, -1)?.state?.deviceId;
  }

  /** What codes of a device are planned with, besides its keypad. */
  private around(deviceId: string) {
    const { known, clock } = this;
    const { streams, bounds, settings } = this.options;
    const device = streams.devices.kept(deviceId, known.atLeast(streams.devices.streamOf(deviceId)))?.state;
    if (!device) return undefined;
    const { accountId } = device;
    const account = streams.accounts.kept(
      accountId,
      known.atLeast(streams.accounts.streamOf(accountId)),
    )?.state;
    return account ? { device, account, now: clock.now(), ...bounds(), settings } : undefined;
  }
}
