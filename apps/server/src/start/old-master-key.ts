import type { Stores } from '@latchkey/database';
import type { Logger } from '@latchkey/platform';

/**
 * Says in one line, at each start, that the master key is due to be replaced: one of the data folder is replaced by
 * itself, one that is set is its owner's to replace.
 */
export function tellOldMasterKey(
  { masterKeyIsOld }: Pick<Stores<unknown>, 'masterKeyIsOld'>,
  logger: Logger,
): void {
  if (!masterKeyIsOld) return;
  logger.warn(
    'VAULT_KEY is the master key of a version before: with it, guesses of erased PINs can be tested against the facts ' +
      'of that time. Replace it with npm run vault -- rekey, as docs/operations.md says',
  );
}
