import { openStores, type Records, type Workspace } from '@latchkey/database';
import { Refusal as DomainRefusal, StoreDamaged } from '@latchkey/event-sourcing';
import { type Config, ConfigError, loadConfig, Outage, StartupError } from '@latchkey/platform';
import { type Command, CommanderError } from 'commander';
import { existsSync } from 'node:fs';
import { claimMode } from '../mode';
import { BackupRefused } from '../backup/backup-refused';
import { NotReplayable } from '../replay/beside';

/** What things made by an operator may be called. */
export const NAME = /^[^\p{Cc}]{1,100}$/u;

/** What was asked for can't be done; the message says why. */
export class Refusal extends Error {}

/** What a command says in one line, and not with a stack. */
const REFUSALS = [
  Refusal,
  StartupError,
  ConfigError,
  DomainRefusal,
  NotReplayable,
  BackupRefused,
  Outage,
  StoreDamaged,
];

export type Print = (line: string) => void;

/**
 * Runs a command line as all of ours behave: help without arguments, what is wrong in words, and nothing thrown.
 * @param args what follows the command's name
 * @returns the exit code
 */
export async function runCommandLine(
  program: Command,
  args: string[],
  print: Print,
  complain: Print,
): Promise<number> {
  for (const command of withAllBelow(program)) {
    command
      .exitOverride()
      .configureHelp({ optionTerm: ({ flags }) => flags.replace(/[<>]/g, '') })
      .showHelpAfterError()
      .allowExcessArguments(false)
      .configureOutput({
        writeOut: (text) => print(text.trimEnd()),
        writeErr: (text) => complain(text.trimEnd()),
      });
  }
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (!REFUSALS.some((kind) => error instanceof kind)) throw error;
    complain((error as Error).message);
    return 1;
  }
}

const withAllBelow = (command: Command): Command[] => [command, ...command.commands.flatMap(withAllBelow)];

/**
 * The settings of a server that has been started before.
 * @throws {Refusal} where there is no data folder, which a command must not make
 */
export function settingsOfServer(env: NodeJS.ProcessEnv): Config {
  const config = loadConfig(env);
  if (config.databaseUrl === undefined && !existsSync(config.dataDir)) {
    throw new Refusal(`There is no data folder ${config.dataDir}: start the server first, or set DATA_DIR.`);
  }
  return config;
}

/** Works on the records of the settings' data folder, also while the server runs. */
export async function withRecords(
  env: NodeJS.ProcessEnv,
  work: (records: Records, config: Config) => Promise<void>,
): Promise<void> {
  const config = settingsOfServer(env);
  const stores = await openStores(config);
  try {
    await claimMode(stores.records, config);
    await work(stores.records, config);
  } finally {
    await stores.close();
  }
}

/** The workspace that is meant: the only one, unless it is named. @throws Refusal that lists those there are */
export async function workspaceOf(records: Records, wanted: string | undefined): Promise<Workspace> {
  const all = await records.workspaces.list();
  const names = all.map(({ workspaceId, name }) => `  ${workspaceId}  ${name}`).join('\n');
  if (all.length === 0) throw new Refusal('There is no workspace yet: make one with --new-workspace NAME.');
  if (wanted === undefined && all.length > 1) throw new Refusal(`Say which workspace:\n${names}`);
  const found = all.find(({ workspaceId }) => wanted === undefined || workspaceId === wanted);
  if (!found) throw new Refusal(`There is no workspace ${wanted}. There are:\n${names}`);
  return found;
}
