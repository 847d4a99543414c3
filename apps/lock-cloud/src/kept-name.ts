import type { Abilities } from './model';

/** A name as the lock keeps it: it may cut names, or write them in capitals. */
export function keptName({ name_characters, capital_names }: Abilities, name: string): string {
  const cut = [...name].slice(0, name_characters).join('');
  return capital_names ? cut.toUpperCase() : cut;
}
