import { type DevicesTables, readDevices } from '@latchkey/devices';
import type { Database } from '@latchkey/database';
import type { Clock, Vault } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import type { LeadTimes } from '../domain/plan';
import type { Pins } from './pending-mutations';
import { presentCode, type SeamAccessCode } from './present-code';

/** Brings together what a code is shown with: its device and account, its PINs, the clock. */
export class CodePresenter {
  constructor(
    private readonly views: Database<DevicesTables>,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly settings: LeadTimes,
  ) {}

  async present(codes: readonly AccessCode[]): Promise<SeamAccessCode[]> {
    const devices = await readDevices(
      this.views.db,
      codes.map((code) => code.deviceId),
    );
    const now = this.clock.now();
    const shown: SeamAccessCode[] = [];
    for (const code of codes) {
      const { device = null, account = null } = devices.get(code.deviceId) ?? {};
      const pins = await openPins(code, this.vault);
      shown.push(presentCode(code, { device, account, now, settings: this.settings, pins }));
    }
    return shown;
  }
}

/** The PINs of a code in plain text, as far as they have not been erased. */
export async function openPins(code: AccessCode, vault: Vault): Promise<Pins> {
  const wanted = await vault.open(code.pin);
  const { onLock } = code;
  if (!onLock) return { wanted, onLock: null };
  if (onLock.pinFingerprint === code.pinFingerprint) return { wanted, onLock: wanted };
  // A PIN that somebody else put on the lock is known by its fingerprint only: then the box holds our own.
  const there = await vault.open(onLock.pin);
  const known = there !== null && vault.fingerprint(code.deviceId, there) === onLock.pinFingerprint;
  return { wanted, onLock: known ? there : null };
}
