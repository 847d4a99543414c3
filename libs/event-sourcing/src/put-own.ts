/**
 * Sets a property whose name may be anything: one called __proto__ becomes a property like any other. For loops that copy
 * what is copied a million times: Object.entries and Object.fromEntries leave a list for each property.
 */
export function putOwn(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

/** A copy without some properties; the others keep their order. */
export function leavingOut(given: object, names: ReadonlySet<string>): Record<string, unknown> {
  const rest: Record<string, unknown> = {};
  for (const name in given)
    if (!names.has(name)) putOwn(rest, name, (given as Record<string, unknown>)[name]);
  return rest;
}
