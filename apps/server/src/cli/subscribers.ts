import { join } from 'node:path';
import { type Records, type Workspace } from '@latchkey/database';
import { type NodeUser, UsersOfNode } from '@latchkey/embedded-eventstore';
import { EventStoreDb, GroupAbsent } from '@latchkey/event-sourcing';
import { type Config, iso } from '@latchkey/platform';
import { publicStreamOf } from '@latchkey/public-events';
import { Command } from 'commander';
import { groupOf, NodeLogins } from '../subscribers/node-logins';
import { NAME, type Print, Refusal, runCommandLine, withRecords, workspaceOf } from './command-line';
import { eventStoreFolder, reachEventStore } from './event-store';
import { type Column, each, formatOf, showRows } from './output';

/** Logins of subscribers begin like this; nobody else's are touched. */
const LOGIN = /^subscriber-[0-9a-f]{12}$/;

/**
 * The command line for subscribers of the embedded event store.
 * @param args what follows the command's name
 * @returns the exit code
 */
export function subscribers(
  args: string[],
  env: NodeJS.ProcessEnv,
  print: Print,
  complain: Print,
): Promise<number> {
  return runCommandLine(subscribersCommand(env, print).name('npm run subscribers --'), args, print, complain);
}

/** Its commands: make, list, revoke. */
export function subscribersCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  const program = new Command('subscribers').description(
    "Makes, lists and revokes logins that read a workspace's public events from the embedded event store. It reads the same settings as the server, and may be used while that runs.",
  );
  program
    .command('make')
    .description('makes a login and shows it, this once')
    .requiredOption('--name <NAME>', 'what to call the subscriber')
    .option('--workspace <ID>', 'whose events, where there are several workspaces')
    .option(
      '--subscription <NAME>',
      'the only persistent subscription that it may use; it can manage none then',
    )
    .action(
      ({ name, workspace, subscription }: { name: string; workspace?: string; subscription?: string }) =>
        withUsers(env, workspace, async (users, owner, config, address) => {
          if (!NAME.test(name))
            throw new Refusal('Say what to call the subscriber, in at most 100 characters.');
          if (subscription !== undefined) await checkGroup(address, owner, subscription);
          await make(users, owner, config, { name, group: subscription }, print);
        }),
    );
  program
    .command('list')
    .description('shows the subscribers there are')
    .option('--workspace <ID>', 'whose, where there are several workspaces')
    .option('--json', 'as JSON, a line each')
    .option('--csv', 'as CSV')
    .action(({ workspace, ...options }: { workspace?: string; json?: boolean; csv?: boolean }) =>
      withUsers(env, workspace, async (users, { workspaceId }) => {
        const found = (await users.list()).filter(({ groups }) => groups.includes(groupOf(workspaceId)));
        const format = formatOf(options);
        if (format !== 'table') return void (await showRows(each(found.map(rowOf)), COLUMNS, format, print));
        for (const user of found) print(lineOf(user));
        if (found.length === 0) print('There are no subscribers.');
      }),
    );
  program
    .command('revoke')
    .description('ends a login at once, for good, and what it has running')
    .argument('<LOGIN>', 'as list shows it')
    .action((login: string) =>
      withNode(env, async (users) => {
        if (!LOGIN.test(login) || !(await users.delete(login)))
          throw new Refusal(`There is no subscriber ${login}: list shows their logins.`);
        print(`The subscriber ${login} is revoked.`);
      }),
    );
  return program;
}

async function make(
  users: UsersOfNode,
  { workspaceId, name: workspace }: Workspace,
  config: Config,
  { name, group }: { readonly name: string; readonly group?: string | undefined },
  print: Print,
): Promise<void> {
  const stream = publicStreamOf(workspaceId);
  const made = await new NodeLogins(users, config).make(workspaceId, name, group);
  const authority = join(eventStoreFolder(config), 'tls', 'ca.crt');
  print(
    `A subscriber to the stream ${stream} of the workspace ${workspace}. The password is not shown again:`,
  );
  print(`  login     ${made.login}`);
  print(`  password  ${made.password}`);
  print(`It connects to ${made.address}`);
  print(`with a copy of ${authority}, which the server makes when it starts.`);
}

function lineOf({ loginName, fullName, lastUpdated }: NodeUser): string {
  return `${loginName}  made ${iso(lastUpdated)}  ${fullName}`;
}

/** What a program is shown of a subscriber. */
const rowOf = ({ loginName, fullName, lastUpdated }: NodeUser) => ({
  login: loginName,
  name: fullName,
  made_at: iso(lastUpdated),
});

const COLUMNS: readonly Column<ReturnType<typeof rowOf>>[] = (['login', 'name', 'made_at'] as const).map(
  (name) => ({ name, of: (row) => row[name] }),
);

/** @throws {Refusal} where the workspace has no persistent subscription of that name */
async function checkGroup(address: string, { workspaceId }: Workspace, group: string): Promise<void> {
  const store = new EventStoreDb(address);
  try {
    await store.persistent.get({ source: { stream: publicStreamOf(workspaceId) }, group });
  } catch (error) {
    if (!(error instanceof GroupAbsent)) throw error;
    throw new Refusal(`There is no subscription ${group}: make it first with subscriptions create.`);
  } finally {
    await store.close();
  }
}

function withUsers(
  env: NodeJS.ProcessEnv,
  workspace: string | undefined,
  work: (users: UsersOfNode, workspace: Workspace, config: Config, address: string) => Promise<void>,
): Promise<void> {
  return withNode(env, async (users, records, config, address) => {
    await work(users, await workspaceOf(records, workspace), config, address);
  });
}

/** Works on the users of the embedded event store: the running server's, or one that is started for it. */
function withNode(
  env: NodeJS.ProcessEnv,
  work: (users: UsersOfNode, records: Records, config: Config, address: string) => Promise<void>,
): Promise<void> {
  return withRecords(env, async (records, config) => {
    if (config.eventstoreUrl !== undefined) {
      throw new Refusal(
        'EVENTSTORE_URL is set: subscribers are users of that event store; docs/embedded-eventstore.md says how.',
      );
    }
    const { address, close } = await reachEventStore(config);
    const users = new UsersOfNode(address);
    try {
      await work(users, records, config, address);
    } finally {
      await users.close();
      await close();
    }
  });
}

if (require.main === module) {
  void subscribers(
    process.argv.slice(2),
    process.env,
    (line) => process.stdout.write(`${line}\n`),
    (line) => process.stderr.write(`${line}\n`),
  ).then((code) => (process.exitCode = code));
}
