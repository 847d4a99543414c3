import type { Stores } from '@latchkey/database';
import type { Logger } from '@latchkey/platform';

/** Says in one line, at the start that makes them again, that the records of before are gone, and what that means. */
export function tellMissingRecords(
  { recordsAreMissing }: Pick<Stores<unknown>, 'recordsAreMissing'>,
  logger: Logger,
): void {
  if (!recordsAreMissing) return;
  logger.error(
    'the records are missing, though the vault is there: workspaces, API keys, accounts at lock makers and webhooks ' +
      'are gone, and codes that are on locks are not taken off any more. Put records.db, or the schema records, back ' +
      'from the backup that the vault goes with, or set them up again and look after the locks',
  );
}
