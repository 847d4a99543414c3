import type { Records } from '@latchkey/database';
import { type Config, StartupError } from '@latchkey/platform';

type Mode = 'sandbox' | 'production';

/** @throws {StartupError} for a sandbox that is to drive real locks: its clock moves for simulated ones alone */
export function checkMakers({ sandbox, lockMakersFile }: Config): void {
  if (!sandbox || lockMakersFile === undefined) return;
  throw new StartupError(
    "LOCK_MAKERS_FILE names real locks, and a sandbox moves time: set SANDBOX=false, with a DATA_DIR that is not a sandbox's, or leave LOCK_MAKERS_FILE out.",
  );
}

/**
 * What the records belong to, once and for all: a sandbox, whose time can be set forward, or a server of real locks.
 * Records from before there was such a mark get it from what they hold, new ones from the settings.
 * @throws {StartupError} where the settings say otherwise
 */
export async function claimMode(records: Records, config: Config): Promise<void> {
  const wanted: Mode = config.sandbox ? 'sandbox' : 'production';
  const mode = await records.settings.setIfAbsent('mode', (await heldMode(records)) ?? wanted);
  if (mode === wanted) return;
  const where = config.databaseUrl === undefined ? `in ${config.dataDir}` : 'that DATABASE_URL names';
  throw new StartupError(
    mode === 'production'
      ? `The data ${where} is of real locks, and a sandbox moves time: set SANDBOX=false, or choose another DATA_DIR.`
      : `The data ${where} is a sandbox's: leave SANDBOX=false out, or choose another DATA_DIR.`,
  );
}

/** In doubt, the locks are real. */
async function heldMode(records: Records): Promise<Mode | undefined> {
  const workspaces = await records.workspaces.list();
  if (workspaces.some(({ isSandbox }) => !isSandbox)) return 'production';
  return (await records.settings.get('sandbox.workspace_id')) === null ? undefined : 'sandbox';
}
