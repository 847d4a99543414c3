import { CODES, type CodesTables } from '@latchkey/access-codes';
import type { DevicesTables } from '@latchkey/devices';
import { openStores, type Stores, tablesOf, type Workspace } from '@latchkey/database';
import { type Clock, type Config, SandboxClock, SystemClock } from '@latchkey/platform';
import { claimMode } from '../mode';
import { sandboxTime } from '../sandbox/clock-memory';
import { type Print, Refusal, settingsOfServer, workspaceOf } from './command-line';

/** What a command reads views and records by, beside a running server or without one. */
export interface OpenedStores {
  readonly config: Config;
  readonly stores: Stores<CodesTables & DevicesTables>;
  /** The server's clock, as it read when the command began. */
  readonly clock: Clock;
}

/** Works on the stores of the settings' data folder, also while the server runs. */
export async function withStores(
  env: NodeJS.ProcessEnv,
  work: (opened: OpenedStores) => Promise<void>,
): Promise<void> {
  const config = settingsOfServer(env);
  const stores = await openStores<CodesTables & DevicesTables>(config);
  try {
    await claimMode(stores.records, config);
    await work({ config, stores, clock: clockOf(config) });
  } finally {
    await stores.close();
  }
}

/** The same, where the views have been built. @throws {Refusal} where they have not */
export function withViews(
  env: NodeJS.ProcessEnv,
  work: (opened: OpenedStores) => Promise<void>,
): Promise<void> {
  return withStores(env, async (opened) => {
    const { db, engine } = opened.stores.views;
    if (!(await tablesOf(db, engine)).includes(CODES))
      throw new Refusal('The views of this version are not built yet: start the server once.');
    await work(opened);
  });
}

/** The workspace that is named, or all of them. @throws Refusal for an unknown id */
export async function workspacesOf(
  { records }: Pick<Stores<unknown>, 'records'>,
  wanted: string | undefined,
): Promise<readonly Workspace[]> {
  return wanted === undefined ? records.workspaces.list() : [await workspaceOf(records, wanted)];
}

/** What a sandbox's clock reads now, standing; or this machine's. */
export function clockOf({ sandbox, dataDir }: Config): Clock {
  const now = sandbox ? sandboxTime(dataDir) : undefined;
  return now === undefined ? new SystemClock() : new SandboxClock({ now, running: false });
}

/** What is shown where there is no row, to people alone. */
export function sayNone(shown: number, format: string, text: string, print: Print): void {
  if (shown === 0 && format === 'table') print(text);
}
