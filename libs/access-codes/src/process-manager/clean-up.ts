import type { Cause } from '@latchkey/event-sourcing';
import type { Vault } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { endOf, isForgotten } from '../domain/life';
import type { Streams } from '../streams';

/** Erases the keys of codes that are gone, so that their PINs can't be read any more; then the PINs are released. */
export class CleanUp {
  constructor(
    private readonly options: {
      readonly vault: Pick<Vault, 'erase'>;
      readonly streams: Pick<Streams, 'commonCodes' | 'releaseAll'>;
      /** Whether an expired code's PIN can still be read. */
      readonly keepsExpired: (workspaceId: string) => Promise<boolean>;
    },
  ) {}

  /** Cleans up after codes of one device, of which each is gone. May be repeated. */
  async after(deviceId: string, gone: readonly AccessCode[], cause: Cause): Promise<void> {
    const { streams } = this.options;
    // In this order: a rebuilt agenda takes a released PIN for one whose key was erased.
    await Promise.all(gone.map((code) => this.erase(code)));
    for (const code of gone) await streams.commonCodes.leaveAs(code, cause);
    const ids = gone.map(({ codeId }) => codeId);
    await streams.releaseAll(deviceId, ids, cause);
  }

  private async erase(code: AccessCode): Promise<void> {
    const { vault, keepsExpired } = this.options;
    const readable = endOf(code)?.cause === 'expired' && !isForgotten(code);
    if (!readable || !(await keepsExpired(code.workspaceId))) await vault.erase(code.wanted.pin.keyId);
  }
}
