import type { Device } from '@latchkey/devices';
import { type KnownRevisions, Refusal, systemCause } from '@latchkey/event-sourcing';
import { backupPoolSize } from '@latchkey/gateways';
import { derivedId, inTurns, type Logger, type Random, type Vault } from '@latchkey/platform';
import { neighbouringPins } from '../neighbouring-pins';
import { drawFreePin, sealForNewCode } from '../pins';
import type { AccessCode } from '../domain/access-code';
import { isTaken } from '../domain/keypad';
import { isSpare } from '../domain/backup';
import { remove, request } from '../domain/decisions';
import type { Streams } from '../streams';
import { backupOf, isGone, isUnmanaged } from '../domain/life';

/** The id of the nth backup code that a device has had. */
export const backupCodeId = (deviceId: string, nth: number): string =>
  derivedId(deviceId, `backup code ${nth}`);

/**
 * Spare codes on a device: they are on the lock without an end and are shown to nobody, so that one opens the door the
 * moment it is pulled. They are numbered, so that repeated filling never makes too many.
 */
export class BackupPool {
  /** Below this number all are gone for good. */
  private readonly from = new Map<string, number>();

  constructor(
    private readonly options: {
      readonly streams: Streams;
      readonly known: KnownRevisions;
      readonly vault: Vault;
      readonly random: Random;
      readonly logger: Logger;
      readonly settings: { readonly backupPoolSize: number };
    },
  ) {}

  /** How many backup codes the device is to hold. */
  sizeFor(device: Device): number {
    return backupPoolSize(device.capabilities, this.options.settings.backupPoolSize);
  }

  /** The device's backup codes that are not gone, oldest first, spare or pulled. */
  async codes(deviceId: string): Promise<AccessCode[]> {
    return (await this.read(deviceId)).codes;
  }

  private async read(deviceId: string): Promise<{ codes: AccessCode[]; next: number }> {
    const { streams, known } = this.options;
    const codes: AccessCode[] = [];
    for (let nth = this.from.get(deviceId) ?? 0; ; nth++) {
      const id = backupCodeId(deviceId, nth);
      const { state } = await streams.codes.load(id, known.atLeast(streams.codes.streamOf(id)));
      if (!state) return { codes, next: nth };
      if (!isGone(state)) codes.push(state);
      else if (codes.length === 0) this.from.set(deviceId, nth + 1);
    }
  }

  /**
   * Requests as many backup codes as the device lacks, once any code there uses the pool. They get onto the lock as
   * every code does.
   * @param codeIds the codes that are there
   */
  async fill(device: Device, codeIds: readonly string[]): Promise<void> {
    const size = this.sizeFor(device);
    if (device.backupPool === false) return this.empty(device);
    if (size === 0 || !device.managed || !(await this.isWanted(device, codeIds))) return;
    const { codes, next } = await this.read(device.deviceId);
    const missing = size - codes.filter(isSpare).length;
    for (let nth = next; nth < next + missing; nth++) {
      if (!(await this.ask(device, nth))) return;
    }
  }

  /** Backup codes are no longer wanted on the device: those that were not pulled are removed. */
  private async empty({ deviceId, workspaceId }: Device): Promise<void> {
    const { codes } = await this.read(deviceId);
    for (const { codeId } of codes.filter(isSpare)) {
      const cause = systemCause({ workspaceId, correlationId: codeId, causationId: 'backup pool' });
      await this.options.streams.codes.transact(codeId, cause, (code) =>
        code && isSpare(code) ? remove(code) : [],
      );
    }
  }

  /** From the first code on that uses the pool, for as long as there is any code in it; or as the device is set. */
  private async isWanted({ backupPool }: Device, codeIds: readonly string[]): Promise<boolean> {
    const { streams, known } = this.options;
    if (backupPool) return true;
    for await (const codeId of inTurns(codeIds)) {
      const { state } = await streams.codes.newest(codeId, known);
      if (state && !isUnmanaged(state) && (state.wanted.usesBackupPool || backupOf(state))) return true;
    }
    return false;
  }

  /** @returns false when the device takes no more */
  private async ask(device: Device, nth: number): Promise<boolean> {
    const { streams, vault, random, logger } = this.options;
    const { deviceId, workspaceId, accountId } = device;
    const codeId = backupCodeId(deviceId, nth);
    const cause = systemCause({ workspaceId, correlationId: codeId, causationId: 'backup pool' });
    try {
      const place = { codeId, window: null };
      const neighbours = await neighbouringPins(device, place, streams);
      const text = drawFreePin(device, await streams.freePins(deviceId), place, random, neighbours);
      const pin = await sealForNewCode(vault, codeId, text);
      await streams.reservePin(deviceId, cause, { codeId, ...pin, window: null }, device.capabilities);
      const data = {
        ...{ codeId, workspaceId, deviceId, accountId },
        ...pin,
        name: `Backup ${nth + 1}`,
        schedule: null,
        preferNativeScheduling: true,
        externalModificationAllowed: false,
        commonCodeKey: null,
        isOneTimeUse: false,
        usesBackupPool: false,
        isBackup: true,
      };
      await streams.codes.transact(codeId, cause, (code) => request(code, data));
      return true;
    } catch (error) {
      // No PIN is free, or another request was faster: the device is due again.
      const refused = error instanceof Refusal && error.reason.kind === 'conflict';
      if (!refused && !isTaken(error)) throw error;
      logger.warn({ deviceId, err: error }, 'the backup pool can not be filled');
      return false;
    }
  }
}
