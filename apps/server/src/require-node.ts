/** The oldest Node that everything here runs on, as package.json says. */
export const OLDEST_NODE: readonly [number, number] = [20, 19];

/** The message for a Node that is too old; undefined where it is not. @param version like 20.19.0 */
export function tooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldest, minorOfOldest] = OLDEST_NODE;
  if (major > oldest || (major === oldest && minor >= minorOfOldest)) return undefined;
  return `Latchkey needs Node ${OLDEST_NODE.join('.')} or later, and this is ${version}.`;
}

// Imported before everything else: an older Node would fail on one of the libraries, without a word why.
const complaint = tooOld(process.versions.node);
if (complaint !== undefined) {
  process.stderr.write(`latchkey: ${complaint}\n`);
  process.exit(1);
}
