import { parseInstant } from '@latchkey/platform';
import { InvalidArgumentError } from 'commander';

/** An option's instant, ms. @throws {InvalidArgumentError} where it is none */
export function instant(text: string): number {
  try {
    return parseInstant(text);
  } catch (error) {
    throw new InvalidArgumentError(`It ${(error as Error).message}.`);
  }
}
