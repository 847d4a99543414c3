/** A column, and the values that a filter allows in it: one, several, or, where it is left out, any. */
export type Allowed<C extends string> = readonly [C, string | readonly string[] | undefined];

/**
 * What a filter demands of columns.
 * @returns each restricted column with its values, without repetitions; a row must have one of each list, so that an
 *   empty one lets nothing through
 */
export function restrictions<C extends string>(allowed: readonly Allowed<C>[]): [C, string[]][] {
  return allowed.flatMap(([column, values]): [C, string[]][] => {
    if (values === undefined) return [];
    return [[column, typeof values === 'string' ? [values] : [...new Set(values)]]];
  });
}
