import type { StoredEvent } from './public-event';

/** The last event of a code of which anything is told by its name: what it was called was erased, everywhere. */
export const PERSONAL_DATA_ERASED = 'access_code.personal_data_erased';

/**
 * An event of a code without anything that the code was called: null stands in its place. The event itself where there is
 * nothing of that in it.
 */
export function nameless<E extends Pick<StoredEvent, 'access_code_id'>>(event: E): E {
  if (event.access_code_id === undefined) return event;
  const without = Object.fromEntries(
    Object.entries(event).map(([property, value]) => [
      property,
      OF_THE_CODE.has(property) ? withoutNames(value) : value,
    ]),
  ) as E;
  return JSON.stringify(without) === JSON.stringify(event) ? event : without;
}

/** Where events tell what a code was called. What they tell of its device and account is not the code's. */
const OF_THE_CODE: ReadonlySet<string> = new Set([
  ...['from', 'to', 'changed_properties', 'requested_mutations'],
  ...['access_code_errors', 'access_code_warnings'],
]);

function withoutNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNames);
  if (typeof value !== 'object' || value === null) return value;
  const { property, field } = value as { property?: unknown; field?: unknown };
  const isOfName = property === 'name' || field === 'name';
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => {
      const isName = name === 'name' || (isOfName && (name === 'from' || name === 'to'));
      return [name, isName ? null : withoutNames(inner)];
    }),
  );
}
