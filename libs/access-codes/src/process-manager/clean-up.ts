import type { Cause } from '@latchkey/event-sourcing';
import { LRUCache } from 'lru-cache';
import type { Vault } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { endOf, isForgotten } from '../domain/life';
import type { Streams } from '../streams';

/** So many are remembered until their rows have their turn. */
const REMEMBERED = 1_000;

/** Erases the keys of codes that are gone, so that their PINs can't be read any more; then the PINs are released. */
export class CleanUp {
  /** By code: what was begun before the code's row on the agenda had its turn. */
  private readonly begun = new LRUCache<string, Promise<void>>({ max: REMEMBERED });

  constructor(
    private readonly options: {
      readonly vault: Pick<Vault, 'erase'>;
      readonly streams: Pick<Streams, 'commonCodes' | 'releaseAll'>;
      /** Whether an expired code's PIN can still be read. */
      readonly keepsExpired: (workspaceId: string) => Promise<boolean>;
    },
  ) {}

  /**
   * Begins to erase the key of a code that is being removed, and that its lock no longer has. Nothing brings such a code
   * back, so this need not wait until that is recorded.
   * @returns what `atOnce` joins once it is recorded; where that fails nobody has to
   */
  eraseAhead(code: AccessCode): Promise<void> {
    const erasing = this.erase(code);
    erasing.catch(() => undefined);
    return erasing;
  }

  /**
   * Cleans up after a code that has just gone. Its row on the agenda is due for that as well, and joins it: by the
   * time it is claimed the key may be erased already. What fails is left to the row.
   * @param erasing its key is being erased already
   */
  async atOnce(code: AccessCode, cause: Cause, erasing?: Promise<void>): Promise<void> {
    const { codeId } = code;
    const begun = this.clean(code.deviceId, [code], cause, erasing);
    this.begun.set(codeId, begun);
    await begun.catch(() => this.begun.delete(codeId));
  }

  /** Cleans up after codes of one device, of which each is gone. May be repeated. */
  async after(deviceId: string, gone: readonly AccessCode[], cause: Cause): Promise<void> {
    await (this.joined(gone) ?? this.clean(deviceId, gone, cause));
  }

  private joined(gone: readonly AccessCode[]): Promise<void> | undefined {
    const [code] = gone;
    if (!code || gone.length > 1) return undefined;
    const begun = this.begun.get(code.codeId);
    this.begun.delete(code.codeId);
    // There is more to be erased of a code that was forgotten since.
    return isForgotten(code) ? undefined : begun;
  }

  private async clean(
    deviceId: string,
    gone: readonly AccessCode[],
    cause: Cause,
    erasing: Promise<unknown> = Promise.all(gone.map((code) => this.erase(code))),
  ): Promise<void> {
    const { streams } = this.options;
    // In this order: a rebuilt agenda takes a released PIN for one whose key was erased.
    await erasing;
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
