import type { Device } from '@latchkey/devices';
import { externalCause, RevisionConflict } from '@latchkey/event-sourcing';
import type { ListedCode } from '@latchkey/gateways';
import { derivedId, inTurns, type Vault } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { storedContent } from '../domain/content';
import type { Listed } from '../domain/listing';
import { see, unknownAmong } from '../domain/unmanaged';
import { awaitedPlainly, listedPlainly } from './listed-for-code';
import type { AgendaRows } from './agenda-rows';
import { sealForNewCode } from '../pins';
import type { Streams } from '../streams';

/**
 * The id of the nth code that a lock has had under one id of its own: makers may give a slot's number to one code
 * after the other.
 */
export const unmanagedCodeId = (deviceId: string, lockCodeId: string, nth: number): string =>
  derivedId(deviceId, `unmanaged code ${lockCodeId} ${nth}`);

/** Records codes on a lock that were not created here. */
export class UnknownCodes {
  constructor(
    private readonly options: {
      readonly streams: Streams;
      readonly rows: AgendaRows;
      readonly vault: Vault;
    },
  ) {}

  /**
   * Each entry of a listing that belongs to no known code becomes an unmanaged code.
   * @param owners which entry belongs to which code, as known before the lock was read
   */
  async see(device: Device, read: readonly ListedCode[], owners: ReadonlyMap<string, string>): Promise<void> {
    const { rows } = this.options;
    const { deviceId } = device;
    const unowned = listedPlainly(read).filter(({ lockCodeId }) => !owners.has(lockCodeId));
    if (unowned.length === 0) return;
    // A code of ours may have been set, or its answer taken, while the lock was read.
    const owned = new Set((await rows.lockCodes(deviceId)).keys());
    const unknown = unknownAmong(unowned, owned, []);
    if (unknown.length === 0) return;
    for (const entry of unknownAmong(unknown, owned, await this.codesOn(deviceId))) {
      await this.take(device, entry, entry.pinFingerprint);
    }
  }

  private async codesOn(deviceId: string): Promise<AccessCode[]> {
    const { rows, streams, vault } = this.options;
    const codes: AccessCode[] = [];
    for await (const codeId of inTurns(await rows.codesOf(deviceId))) {
      const { state } = await streams.codes.load(codeId);
      if (state) codes.push(await awaitedPlainly(state, vault));
    }
    return codes;
  }

  private async take(device: Device, entry: Listed, plain: string): Promise<void> {
    const { streams, vault } = this.options;
    const { deviceId, workspaceId, accountId } = device;
    const { lockCodeId, name, window } = entry;
    for (let nth = 0; ; nth++) {
      const codeId = unmanagedCodeId(deviceId, lockCodeId, nth);
      const loaded = await streams.codes.load(codeId);
      // It was recorded already, and the agenda does not have it yet.
      if (loaded.state?.known.onLock?.lockCodeId === lockCodeId) return;
      if (loaded.state) continue;
      const pin = await sealForNewCode(vault, codeId, plain);
      const content = storedContent({ name, window, ...pin });
      const data = { codeId, workspaceId, deviceId, accountId, lockCodeId, content };
      const cause = externalCause({ workspaceId, correlationId: deviceId, causationId: 'read-back' });
      // Reserved first, as for any code: when this one is shown, its PIN counts as taken.
      await streams.reservePin(deviceId, cause, { codeId, ...pin, window, foreign: true });
      // The part after the point distinguishes a code from one of ours that it has replaced.
      const [, slot] = /^(\d+)(?:\.|$)/.exec(lockCodeId) ?? [];
      if (device.capabilities.slots && slot !== undefined)
        await streams.occupySlot(deviceId, cause, codeId, Number(slot));
      try {
        await streams.codes.append(codeId, loaded, see(loaded.state, data), cause);
      } catch (error) {
        // Another process has recorded it at the same time.
        if (!(error instanceof RevisionConflict)) throw error;
      }
      return;
    }
  }
}
