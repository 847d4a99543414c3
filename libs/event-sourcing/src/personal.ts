import { createHash } from 'node:crypto';

/**
 * The names under which facts carry what people are called, or what they wrote themselves. A maker's `message` may
 * repeat a name.
 */
export const PERSONAL: ReadonlySet<string> = new Set([
  ...['name', 'nickname', 'displayName', 'customerKey', 'commonCodeKey', 'customMetadata', 'message'],
]);

/** Says what stands in a fact in place of a personal value. @param path like `/content/told/name` */
export type Replace = (path: string, value: unknown) => unknown;

/** Whether there is anything personal in a fact's data. */
export function carriesPersonal(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false;
  if (Array.isArray(data)) return data.some(carriesPersonal);
  for (const name in data) {
    const value = (data as Record<string, unknown>)[name];
    if (PERSONAL.has(name) ? saysSomething(value) : carriesPersonal(value)) return true;
  }
  return false;
}

/** A fact's data with something else in place of each personal value that says anything; names keep their order. */
export function replacingPersonal(data: unknown, replace: Replace, path = ''): unknown {
  if (typeof data !== 'object' || data === null) return data;
  if (Array.isArray(data)) return data.map((each, n) => replacingPersonal(each, replace, `${path}/${n}`));
  return Object.fromEntries(
    Object.entries(data).map(([name, value]: [string, unknown]) => {
      const at = `${path}/${name}`;
      if (!PERSONAL.has(name)) return [name, replacingPersonal(value, replace, at)];
      return [name, saysSomething(value) ? replace(at, value) : value];
    }),
  );
}

/**
 * What stands for a personal value in the chain of facts: it tells nothing of the value once the salt is gone.
 * @returns SHA-256, hexadecimal
 */
export function commitment(salt: string, path: string, value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([salt, path, value]))
    .digest('hex');
}

function saysSomething(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
