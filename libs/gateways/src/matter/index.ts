import { type LocalAdapter, type LocalParts, optionalPackage } from '../local';
import { MatterAdapter } from './adapter';
import type { MatterSystem } from './entry';

/**
 * The adapter for Matter.
 * @throws {PackageMissing} where the packages for it are not installed
 */
export async function openMatter(parts: LocalParts): Promise<LocalAdapter> {
  await optionalPackage('matter', '@matter/main @matter/nodejs', () =>
    Promise.resolve(require.resolve('@matter/main')),
  );
  return new MatterAdapter(parts, parts.systems as ReadonlyMap<string, MatterSystem>);
}
