import type { JsonSchema } from '../json-schema';

const typesOf = ({ type, const: only }: JsonSchema): readonly string[] =>
  type === undefined ? (only === undefined ? [] : ['string']) : [type].flat();

/**
 * What somebody who reads events by the older schema could not read any more, each as a sentence; nothing where the
 * newer one only adds.
 */
export function breaksOf(older: JsonSchema, newer: JsonSchema, at = ''): string[] {
  const place = at === '' ? 'the event' : at;
  const widened = typesOf(newer).filter((type) => !typesOf(older).includes(type));
  const breaks = widened.map((type) => `${place} may be ${type} now`);
  if (older.const !== undefined && newer.const !== older.const) breaks.push(`${place} is another word now`);
  if (older.format !== undefined && newer.format !== older.format)
    breaks.push(`${place} has another format now`);
  for (const [name, was] of Object.entries(older.properties ?? {})) {
    const path = at === '' ? name : `${at}.${name}`;
    const is = newer.properties?.[name];
    if (!is) breaks.push(`${path} is not told any more`);
    else breaks.push(...breaksOf(was, is, path));
    if (is && older.required?.includes(name) && !newer.required?.includes(name))
      breaks.push(`${path} may be missing now`);
  }
  if (older.items) breaks.push(...breaksOf(older.items, newer.items ?? {}, `${place}[]`));
  return breaks;
}
