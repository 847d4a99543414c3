import { hash } from 'node:crypto';
import { putOwn } from './put-own';
import type { RecordedEvent } from './event-store';

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
export function carriesPersonal(data: unknown, personal: ReadonlySet<string> = PERSONAL): boolean {
  if (typeof data !== 'object' || data === null) return false;
  if (Array.isArray(data)) return data.some((each) => carriesPersonal(each, personal));
  for (const name in data) {
    const value = (data as Record<string, unknown>)[name];
    if (personal.has(name) ? saysSomething(value) : carriesPersonal(value, personal)) return true;
  }
  return false;
}

/**
 * A fact's data with something else in place of each personal value that says anything; names keep their order. What
 * has nothing personal in it is the same object.
 * @param personal the names under which such values are
 */
export function replacingPersonal(
  data: unknown,
  replace: Replace,
  path = '',
  personal: ReadonlySet<string> = PERSONAL,
): unknown {
  if (!carriesPersonal(data, personal)) return data;
  if (Array.isArray(data))
    return data.map((each, n) => replacingPersonal(each, replace, `${path}/${n}`, personal));
  const replaced: Record<string, unknown> = {};
  for (const name in data as object) {
    const value = (data as Record<string, unknown>)[name];
    const at = `${path}/${name}`;
    if (!personal.has(name)) putOwn(replaced, name, replacingPersonal(value, replace, at, personal));
    else putOwn(replaced, name, saysSomething(value) ? replace(at, value) : value);
  }
  return replaced;
}

/**
 * What stands for a personal value in the chain of facts: it tells nothing of the value once the salt is gone.
 * @returns SHA-256, hexadecimal
 */
export function commitment(salt: string, path: string, value: unknown): string {
  return hash('sha256', JSON.stringify([salt, path, value]), 'hex');
}

/**
 * A fact without what is personal in it: null stands in its place, and commitments by which the chain covers it as
 * before. The fact itself where there is nothing of that, and where it has no salt: it is covered as it is then.
 */
export function withoutPersonal(fact: RecordedEvent): RecordedEvent {
  const { salt, ...metadata } = fact.metadata;
  if (salt === undefined || !carriesPersonal(fact.data)) return fact;
  const erased: Record<string, string> = { ...metadata.erased };
  const data = replacingPersonal(fact.data, (path, value) => {
    erased[path] = commitment(salt, path, value);
    return null;
  });
  return { ...fact, data, metadata: { ...metadata, erased }, written: undefined };
}

function saysSomething(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
