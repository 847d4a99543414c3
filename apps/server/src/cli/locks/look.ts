import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ConnectionStore,
  type FoundSystem,
  type LocalAdapter,
  type LocalConnection,
  type LocalSystem,
  openLocalAdapters,
  PackageMissing,
} from '@latchkey/gateways';
import { type Config, createLogger, lockUnlessHeld, SystemClock } from '@latchkey/platform';

/** How a lock system was found. */
export type Look =
  | { readonly kind: 'found'; readonly system: FoundSystem }
  /** It can't be looked at, or not from here. */
  | { readonly kind: 'not'; readonly reachable: false | null; readonly reason: string };

/** What a look keeps is nobody's: it leaves accounts as they are. */
const NOTHING_KEPT: ConnectionStore = {
  get: () => Promise.resolve(null),
  put: () => Promise.resolve(),
  delete: () => Promise.resolve(),
};

/**
 * Looks at local systems over connections of its own, as they are checked before they are connected. No code is read
 * and nothing is changed.
 */
export class SystemLooks {
  constructor(private readonly config: Config) {}

  /** @param given beyond what the file says of the way to it */
  async at(system: LocalSystem, given: LocalConnection): Promise<Look> {
    if (system.kind !== 'matter') return this.through(system, given);
    const { dataDir } = this.config;
    // Without its keys there is no fabric yet, and looking is not to make one.
    if (!existsSync(join(dataDir, system.kind, system.name)))
      return { kind: 'not', reachable: null, reason: 'no lock is paired yet: a pairing code is needed' };
    // A fabric is one process's.
    const folder = lockUnlessHeld(dataDir);
    if (!folder) return { kind: 'not', reachable: null, reason: 'the running server has it' };
    try {
      return await this.through(system, given);
    } finally {
      folder.release();
    }
  }

  private async through(system: LocalSystem, given: LocalConnection): Promise<Look> {
    let adapter: LocalAdapter;
    try {
      adapter = await this.adapterOf(system);
    } catch (error) {
      if (!(error instanceof PackageMissing)) throw error;
      return { kind: 'not', reachable: null, reason: error.message };
    }
    try {
      const found = await adapter.check(system, { ...given, ...system.connection });
      if (found.kind === 'answered') return { kind: 'found', system: found.value };
      const isThere = found.kind === 'refused';
      return { kind: 'not', reachable: isThere ? null : false, reason: found.message };
    } finally {
      await adapter.close();
    }
  }

  private async adapterOf(system: LocalSystem): Promise<LocalAdapter> {
    const { dataDir } = this.config;
    const adapters = await openLocalAdapters(
      new Map([[system.name, system]]),
      {
        ...{ connections: NOTHING_KEPT, clock: new SystemClock(), logger: createLogger('silent') },
        onReport: () => undefined,
      },
      (kind) => join(dataDir, kind),
    );
    return adapters.get(system.kind)!;
  }
}
