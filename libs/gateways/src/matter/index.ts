import { type LocalAdapter, type LocalParts, optionalPackage } from '../local';
import { MatterAdapter } from './adapter';
import type { MatterSystem } from './entry';

/**
 * The adapter for Matter.
 * @throws {PackageMissing} where the packages for it are not installed
 */
export async function openMatter(parts: LocalParts): Promise<LocalAdapter> {
  await optionalPackage('matter', '@matter/main@0.17.9 @matter/nodejs@0.17.9', () =>
    // They are loaded by the process of the controller alone.
    Promise.resolve(['@matter/main', '@matter/nodejs'].map((name) => require.resolve(name))),
  );
  return new MatterAdapter(parts, parts.systems as ReadonlyMap<string, MatterSystem>);
}
