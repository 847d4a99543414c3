/** A package that only one kind of lock system needs is not there. One line, for the operator. */
export class PackageMissing extends Error {
  override readonly name = 'PackageMissing';
}

/**
 * Loads a package that only one kind of lock system needs.
 * @throws {PackageMissing} that says what to install
 */
export async function optionalPackage<T>(kind: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new PackageMissing(`lock systems of the kind ${kind} need a package: npm install ${name}`);
  }
}
