import type { Stores } from '@latchkey/database';
import type { Config } from '@latchkey/platform';

/** Tells of a workspace whether it shows codes that came to their end until they are deleted. */
export function keepsExpired(
  { records }: Pick<Stores<unknown>, 'records'>,
  { expiredCodes }: Pick<Config, 'expiredCodes'>,
): (workspaceId: string) => Promise<boolean> {
  return async (workspaceId) =>
    ((await records.workspaces.get(workspaceId))?.settings['expired_codes'] ?? expiredCodes) === 'readable';
}
