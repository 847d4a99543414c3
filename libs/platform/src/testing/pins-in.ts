/**
 * Which of these PINs stand in a text by themselves. A run of digits within something longer is none: ids, sealed boxes
 * and instants hold any four digits by chance, once in some hundred texts.
 * @param pins each a PIN, or the source of a pattern of PINs
 */
export function pinsIn(text: string, ...pins: readonly string[]): string[] {
  return pins.filter((pin) => new RegExp(`(?<![\\w-]|\\d[.:])(?:${pin})(?![\\w-]|[.:]\\d)`).test(text));
}
