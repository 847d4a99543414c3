import type { LocalAdapter, LocalParts, LocalSystem } from '../local';
import type { LocalKind, LockSystem } from './lock-system';
import { isLocal } from './lock-system';

type Open = (parts: LocalParts) => Promise<LocalAdapter>;

/** Each kind's adapter, loaded when a file names the kind and not before. */
const ADAPTERS: Readonly<Record<LocalKind, () => Promise<Open>>> = {
  'zwave-js': async () => (await import('../zwave-js/index.js')).openZwaveJs,
  zigbee2mqtt: async () => (await import('../zigbee2mqtt/index.js')).openZigbee2Mqtt,
  matter: async () => (await import('../matter/index.js')).openMatter,
};

/**
 * The adapters of the kinds of local systems that are named.
 * @param folderOf where an adapter keeps what it must, by its kind
 * @throws {PackageMissing} where one needs a package that is not installed
 */
export async function openLocalAdapters(
  systems: ReadonlyMap<string, LockSystem>,
  parts: Omit<LocalParts, 'systems' | 'folder'>,
  folderOf: (kind: LocalKind) => string,
): Promise<Map<LocalKind, LocalAdapter>> {
  const byKind = new Map<LocalKind, Map<string, LocalSystem>>();
  for (const system of systems.values()) {
    if (!isLocal(system)) continue;
    byKind.set(
      system.kind,
      (byKind.get(system.kind) ?? new Map<string, LocalSystem>()).set(system.name, system),
    );
  }
  const adapters = new Map<LocalKind, LocalAdapter>();
  for (const [kind, ofKind] of byKind) {
    const open = await ADAPTERS[kind]();
    adapters.set(kind, await open({ ...parts, systems: ofKind, folder: folderOf(kind) }));
  }
  return adapters;
}
