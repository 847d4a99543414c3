import type { KnownRevisions } from '@latchkey/event-sourcing';
import type { Clock } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { firstDue } from '../domain/next-look';
import type { PlannedWith } from './circumstances';

/**
 * When a code that was just requested is due first: most codes are asked for long before their time, and would be
 * claimed, planned and settled only to find that. What it depends on is taken from memory, as new as what the agenda has
 * folded; what happens later makes the code due by itself.
 */
export class FirstLooks {
  constructor(
    private readonly known: KnownRevisions,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly options: PlannedWith,
  ) {}

  /** @returns ms; undefined: there is something to do now, or it is not known from memory */
  of(code: AccessCode): number | undefined {
    const { known, clock } = this;
    const { streams, bounds, settings } = this.options;
    const { codeId, deviceId } = code;
    const device = streams.devices.kept(deviceId, known.atLeast(streams.devices.streamOf(deviceId)))?.state;
    if (!device) return undefined;
    const { accountId } = device;
    const account = streams.accounts.kept(
      accountId,
      known.atLeast(streams.accounts.streamOf(accountId)),
    )?.state;
    if (!account) return undefined;
    const keypad = streams.keypadKept(deviceId, codeId, known.atLeast(streams.keypadStream(deviceId)));
    if (!keypad) return undefined;
    return firstDue(code, { device, account, keypad, now: clock.now(), ...bounds(), settings });
  }
}
