import { LocalConnections } from '@latchkey/devices';
import { isLocal, type LocalConnection, type LocalSystem, type LockSystem } from '@latchkey/gateways';
import { loadConfig } from '@latchkey/platform';
import { Command } from 'commander';
import { configuredSystems } from '../../start/gateway';
import { type Print, Refusal, workspaceOf } from '../command-line';
import { formatOf } from '../output';
import { type OpenedStores, withStores, withViews } from '../stores';
import { connectSystem } from './connect';
import { givenSecret, type Input } from './given-secret';
import { accountsAt } from './known';
import { type Look, SystemLooks } from './look';
import { type ShownSystem, shownSystem, showSystems } from './shown';

interface Shape {
  readonly json?: boolean;
  readonly csv?: boolean;
}

interface Way {
  readonly address?: string;
  readonly user?: string;
  readonly passwordFile?: string;
}

interface ConnectOptions extends Way {
  readonly workspace?: string;
  readonly pairingCode?: string;
  readonly pairingCodeFile?: string;
  readonly json?: boolean;
}

/** Its commands: list (what is done without one), find, connect. */
export function locksCommand(env: NodeJS.ProcessEnv, print: Print, input: Input = process.stdin): Command {
  const program = new Command('locks').description(
    'Shows the lock systems of the file and their locks, and connects those on the local network.',
  );
  program
    .command('list', { isDefault: true })
    .description('the lock systems of the file, whether they can be reached, and their locks')
    .option('--json', 'as JSON, a line for each system')
    .option('--csv', 'as CSV, a line for each lock')
    .action(async (options: Shape) => {
      const systems = await systemsOf(loadConfig(env), env);
      await withViews(env, (opened) => list(opened, systems, options, print));
    });
  withWay(
    program
      .command('find')
      .description('what is found at lock systems on the local network, without connecting them')
      .argument('[SYSTEM]', 'its name in the file; left out: all whose address the file says'),
  )
    .option('--json', 'as JSON, a line for each system')
    .option('--csv', 'as CSV, a line for each lock')
    .action((name: string | undefined, options: Way & Shape) => find(env, name, options, print, input));
  withWay(
    program
      .command('connect')
      .description("connects a lock system on the local network, as the connect webview's page does")
      .argument('<SYSTEM>', 'its name in the file'),
  )
    .option('--workspace <ID>', 'to this workspace; needed where there are several')
    .option('--pairing-code <CODE>', 'of a Matter lock')
    .option('--pairing-code-file <FILE>', 'the same from a file; -: from the standard input')
    .option('--json', 'as JSON')
    .action((name: string, options: ConnectOptions) =>
      withStores(env, (opened) => connect(opened, env, name, options, print, input)),
    );
  return program;
}

const withWay = (command: Command): Command =>
  command
    .option('--address <URL>', 'where it is, such as ws://hub.local:3000')
    .option('--user <NAME>', 'its user, whose password is asked for, or read from the standard input')
    .option('--password-file <FILE>', 'the password from a file; -: from the standard input');

async function list(
  { config, stores }: OpenedStores,
  systems: ReadonlyMap<string, LockSystem>,
  options: Shape,
  print: Print,
): Promise<void> {
  const connections = new LocalConnections(stores.records.settings);
  const looks = new SystemLooks(config);
  const shown: ShownSystem[] = [];
  for (const system of systems.values()) {
    const accounts = await accountsAt(stores.views, system.name);
    for (const account of accounts) {
      const kept = await connections.get(account.account.accountId);
      shown.push(shownSystem(system, await lookAt(looks, system, kept ?? {}), account));
    }
    if (accounts.length === 0) shown.push(shownSystem(system, await lookAt(looks, system, {}), null));
  }
  await showSystems(shown, formatOf(options), print);
}

/** @throws {Refusal} where what was asked for by name is not found */
async function find(
  env: NodeJS.ProcessEnv,
  name: string | undefined,
  options: Way & Shape,
  print: Print,
  input: Input,
): Promise<void> {
  const config = loadConfig(env);
  const systems = await systemsOf(config, env);
  if (name === undefined && (options.address !== undefined || options.user !== undefined))
    throw new Refusal('Say which system is at that address: locks find SYSTEM --address …');
  const looks = new SystemLooks(config);
  const shown: ShownSystem[] = [];
  for (const system of name === undefined ? [...systems.values()].filter(isLocal) : [named(systems, name)]) {
    const given = name === undefined ? {} : await wayOf(system, options, input);
    shown.push(shownSystem(system, await lookAt(looks, system, given), null));
  }
  await showSystems(shown, formatOf(options), print);
  const [only] = shown;
  if (name !== undefined && only!.reachable !== true)
    throw new Refusal(`${name} was not found: ${only!.reason}`);
}

async function connect(
  opened: OpenedStores,
  env: NodeJS.ProcessEnv,
  name: string,
  options: ConnectOptions,
  print: Print,
  input: Input,
): Promise<void> {
  const system = named(await systemsOf(opened.config, env), name);
  const { workspaceId } = await workspaceOf(opened.stores.records, options.workspace);
  const given = { ...(await wayOf(system, options, input)), ...(await pairingOf(system, options, input)) };
  const accountId = await connectSystem(opened, system, workspaceId, given);
  const answer = { system: name, connected_account_id: accountId, workspace_id: workspaceId };
  print(
    options.json
      ? JSON.stringify(answer)
      : `${system.displayName} is connected as the account ${accountId}. locks list shows its locks.`,
  );
}

async function systemsOf(
  config: OpenedStores['config'],
  env: NodeJS.ProcessEnv,
): Promise<ReadonlyMap<string, LockSystem>> {
  const systems = await configuredSystems(config, env);
  if (systems.size > 0) return systems;
  const setting = config.sandbox ? 'SANDBOX_LOCKS_FILE' : 'LOCK_MAKERS_FILE';
  throw new Refusal(
    `No lock systems are named: write a file as in docs/locks.md, and name it in ${setting}.`,
  );
}

/** @throws {Refusal} where the file does not name it, or names a lock maker's cloud */
function named(systems: ReadonlyMap<string, LockSystem>, name: string): LocalSystem {
  const system = systems.get(name);
  if (!system)
    throw new Refusal(`The file of lock systems has no ${name}. It has: ${[...systems.keys()].join(', ')}.`);
  if (!isLocal(system))
    throw new Refusal(`${name} is a lock maker's cloud: make a connect webview, and log in there.`);
  return system;
}

/** What is said of the way to a system, beyond what the file says. */
async function wayOf(system: LocalSystem, way: Way, input: Input): Promise<LocalConnection> {
  const { address, user, passwordFile } = way;
  const isAsked = system.asked.includes('address');
  const isGiven = address !== undefined || user !== undefined || passwordFile !== undefined;
  if (!isAsked && isGiven)
    throw new Refusal(
      system.kind === 'matter'
        ? `${system.name} needs no address: give --pairing-code.`
        : `The file says how ${system.name} is reached: leave --address, --user and --password-file out.`,
    );
  if (!isAsked) return {};
  if (address === undefined) throw new Refusal(`Say where ${system.name} is: --address URL.`);
  if (user === undefined && passwordFile === undefined) return { address };
  return {
    address,
    ...(user === undefined ? {} : { username: user }),
    password: await givenSecret('password', passwordFile, input),
  };
}

/** A Matter lock's pairing code. It is used up by the pairing, so that it may stand on the command line. */
async function pairingOf(
  system: LocalSystem,
  { pairingCode, pairingCodeFile }: ConnectOptions,
  input: Input,
): Promise<LocalConnection> {
  const isGiven = pairingCode !== undefined || pairingCodeFile !== undefined;
  if (!system.asked.includes('pairing_code')) {
    if (isGiven) throw new Refusal(`${system.name} takes no pairing code.`);
    return {};
  }
  return { pairingCode: pairingCode ?? (await givenSecret('pairing code', pairingCodeFile, input)) };
}

/** A lock maker's cloud is not asked: its token is the running server's alone. */
function lookAt(looks: SystemLooks, system: LockSystem, given: LocalConnection): Promise<Look> {
  const not = (reason: string): Promise<Look> => Promise.resolve({ kind: 'not', reachable: null, reason });
  if (!isLocal(system)) return not('a lock maker’s cloud, as the server knows it');
  const isSaid = system.connection !== null || given.address !== undefined || system.kind === 'matter';
  return isSaid ? looks.at(system, given) : not('the file does not say its address');
}
