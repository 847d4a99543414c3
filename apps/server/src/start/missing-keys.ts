import { codesWithoutKeys } from '@latchkey/access-codes';
import type { Stores } from '@latchkey/database';
import type { Logger } from '@latchkey/platform';
import type { Started } from '../started';

/**
 * Says in one line if the vault lacks keys of codes. Nothing waits for it: the codes that have their keys work, and
 * those that lack them say so themselves.
 */
export function tellMissingKeys(stores: Stores<unknown>, logger: Logger, started: Started): void {
  let ending = false;
  const told = tell(stores, logger, () => !ending);
  started.add(async () => {
    ending = true;
    await told;
  });
}

async function tell({ views, vault }: Stores<unknown>, logger: Logger, goOn: () => boolean): Promise<void> {
  try {
    const codes = await codesWithoutKeys(views, vault, goOn);
    if (codes === 0) return;
    logger.error(
      { codes },
      `the vault lacks the keys of ${codes} access code${codes === 1 ? '' : 's'}: their PINs can not be read or set ` +
        'on locks. Put back the backup of the vault that belongs to this event store, or give these codes new PINs',
    );
  } catch (error) {
    logger.warn({ err: error }, 'whether the vault has the keys of all codes could not be told');
  }
}
