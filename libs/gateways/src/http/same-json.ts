/** What lies deeper is not looked into: it would be too much for the stack. */
const DEEPEST = 100;

/**
 * Whether two parsed JSON values are the same, with their names in the same order. Those that are nested very deep are not.
 * @param except a name of the outermost object whose value does not matter
 */
export function isSameJson(a: unknown, b: unknown, except?: string, depth = DEEPEST): boolean {
  if (a === b) return true;
  if (depth === 0) return false;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [names, others] = [Object.keys(a), Object.keys(b)];
  if (names.length !== others.length) return false;
  for (let n = 0; n < names.length; n++) {
    const name = names[n]!;
    if (name !== others[n]) return false;
    if (name === except) continue;
    if (!isSameJson((a as Values)[name], (b as Values)[name], undefined, depth - 1)) return false;
  }
  return true;
}

type Values = Readonly<Record<string, unknown>>;
