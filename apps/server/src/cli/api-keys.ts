import { newApiToken, type Permission, PERMISSIONS, type Records, type Workspace } from '@latchkey/database';
import { type Config, CryptoRandom, iso, RandomIds } from '@latchkey/platform';
import { Command } from 'commander';
import { NAME, type Print, Refusal, runCommandLine, withRecords, workspaceOf } from './command-line';
import { type Column, each, type Format, formatOf, showRows } from './output';

/**
 * The command line for API keys.
 * @param args what follows the command's name
 * @returns the exit code
 */
export function apiKeys(
  args: string[],
  env: NodeJS.ProcessEnv,
  print: Print,
  complain: Print,
): Promise<number> {
  return runCommandLine(apiKeysCommand(env, print).name('npm run api-keys --'), args, print, complain);
}

/** Its commands: make, list, revoke, sandbox. */
export function apiKeysCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  const program = new Command('api-keys').description(
    'Makes, lists and revokes API keys. It reads the same settings as the server, and may be used while that runs.',
  );
  program
    .command('make')
    .description('makes a key and shows it, this once')
    .requiredOption('--name <NAME>', 'what to call the key')
    .option('--workspace <ID>', 'whose key it is, where there are several workspaces')
    .option('--audit', 'lets it ask what happened, and what opened a door when')
    .option('--erasure', 'lets it erase what people were called')
    .option('--subscriptions', 'lets it manage persistent subscriptions on the public events')
    .option('--operations', 'lets it see, retry and drop the parked events of the whole server')
    .option('--new-workspace <WORKSPACE_NAME>', 'makes a workspace with it: the way in of a new server')
    .action(({ name, workspace, newWorkspace, ...given }: MakeOptions) =>
      withRecords(env, async (records, config) => {
        const owner =
          newWorkspace === undefined
            ? await workspaceOf(records, workspace)
            : await makeWorkspace(records, newWorkspace, config);
        await make(records, owner, { name, permissions: PERMISSIONS.filter((each) => given[each]) }, print);
      }),
    );
  program
    .command('list')
    .description('shows the keys there are')
    .option('--workspace <ID>', 'whose keys, where there are several workspaces')
    .option('--json', 'as JSON, a line each')
    .option('--csv', 'as CSV')
    .action(({ workspace, ...options }: Pick<MakeOptions, 'workspace'> & { json?: boolean; csv?: boolean }) =>
      withRecords(env, async (records) =>
        list(records, await workspaceOf(records, workspace), formatOf(options), print),
      ),
    );
  program
    .command('revoke')
    .description('ends a key at once, for good')
    .argument('<KEY_ID>', 'as list shows it')
    .action((apiKeyId: string) => withRecords(env, (records) => revoke(records, apiKeyId, print)));
  program
    .command('sandbox')
    .description("shows the key of the sandbox's workspace")
    .action(() => withRecords(env, (records) => showSandboxKey(records, print)));
  return program;
}

interface MakeOptions {
  readonly name: string;
  readonly workspace?: string;
  readonly newWorkspace?: string;
  readonly audit?: boolean;
  readonly erasure?: boolean;
  readonly subscriptions?: boolean;
  readonly operations?: boolean;
}

async function makeWorkspace(
  records: Records,
  name: string,
  { sandbox: isSandbox }: Config,
): Promise<Workspace> {
  if (!NAME.test(name)) throw new Refusal('Say what to call the workspace, in at most 100 characters.');
  const workspaceId = new RandomIds().uuid();
  await records.workspaces.create({ workspaceId, name, isSandbox, settings: {}, createdAt: Date.now() });
  return (await records.workspaces.get(workspaceId))!;
}

async function make(
  records: Records,
  { workspaceId, name: workspace }: Workspace,
  { name, permissions }: { readonly name: string; readonly permissions: readonly Permission[] },
  print: Print,
): Promise<void> {
  if (!NAME.test(name)) {
    throw new Refusal('Say what to call the key: --name NAME, of at most 100 characters.');
  }
  const apiKeyId = new RandomIds().uuid();
  const token = newApiToken(new CryptoRandom());
  await records.apiKeys.create({ apiKeyId, workspaceId, name, token, createdAt: Date.now(), permissions });
  print(`A key for the workspace ${workspace} (${workspaceId}). It is not shown again:`);
  print(token);
  print(`Its id, to revoke it by: ${apiKeyId}`);
}

async function list(
  records: Records,
  { workspaceId }: Workspace,
  format: Format,
  print: Print,
): Promise<void> {
  const keys = await records.apiKeys.list(workspaceId);
  if (format !== 'table') {
    const rows = keys.map(({ apiKeyId, name, prefix, createdAt, lastUsedAt, permissions }) => ({
      ...{ api_key_id: apiKeyId, name, prefix, permissions },
      created_at: iso(createdAt),
      last_used_at: lastUsedAt === null ? null : iso(lastUsedAt),
    }));
    await showRows(each(rows), COLUMNS, format, print);
    return;
  }
  for (const { apiKeyId, name, prefix, createdAt, lastUsedAt, permissions } of keys) {
    const used = lastUsedAt === null ? 'never used' : `last used ${iso(lastUsedAt)}`;
    const may = permissions.length === 0 ? '' : `  (${permissions.join(', ')})`;
    print(`${apiKeyId}  ${prefix}…  made ${iso(createdAt)}  ${used}  ${name}${may}`);
  }
  if (keys.length === 0) print('There are no keys.');
}

interface KeyRow {
  readonly api_key_id: string;
  readonly name: string;
  readonly prefix: string;
  readonly permissions: readonly string[];
  readonly created_at: string;
  readonly last_used_at: string | null;
}

const COLUMNS: readonly Column<KeyRow>[] = [
  { name: 'api_key_id', of: (row) => row.api_key_id },
  { name: 'name', of: (row) => row.name },
  { name: 'prefix', of: (row) => row.prefix },
  { name: 'permissions', of: (row) => row.permissions.join(' ') },
  { name: 'created_at', of: (row) => row.created_at },
  { name: 'last_used_at', of: (row) => row.last_used_at ?? '' },
];

async function revoke(records: Records, apiKeyId: string, print: Print): Promise<void> {
  if (!(await records.apiKeys.revoke(apiKeyId)))
    throw new Refusal(`There is no key ${apiKeyId}: list shows their ids.`);
  print(`The key ${apiKeyId} is revoked.`);
}

async function showSandboxKey(records: Records, print: Print): Promise<void> {
  const key = await records.settings.getSecret('sandbox.api_key');
  if (key === null) throw new Refusal('There is no sandbox here: start one first with npm start.');
  print(key);
}

if (require.main === module) {
  void apiKeys(
    process.argv.slice(2),
    process.env,
    (line) => process.stdout.write(`${line}\n`),
    (line) => process.stderr.write(`${line}\n`),
  ).then((code) => (process.exitCode = code));
}
