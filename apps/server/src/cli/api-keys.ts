import { newApiToken, openStores, type Records, type Workspace } from '@latchkey/database';
import { CryptoRandom, iso, loadConfig, RandomIds, StartupError } from '@latchkey/platform';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

const USAGE = `Usage:
  api-keys make --name NAME [--workspace ID]   makes a key and shows it, this once
  api-keys make --name NAME --new-workspace WORKSPACE_NAME
                                               the same, for a workspace made with it: the way in of a new server
  api-keys list [--workspace ID]               shows the keys there are
  api-keys revoke KEY_ID                       ends a key at once, for good
It reads the same settings as the server, and may be used while the server runs.`;

const NAME = /^[^\p{Cc}]{1,100}$/u;

/** What was asked for can't be done; the message says why. */
class Refusal extends Error {}

type Print = (line: string) => void;

/**
 * The command line for API keys.
 * @param args what follows the command's name
 * @returns the exit code
 */
export async function apiKeys(
  args: string[],
  env: NodeJS.ProcessEnv,
  print: Print,
  complain: Print,
): Promise<number> {
  try {
    const { verb, values, rest } = parse(args);
    if (verb === undefined) {
      print(USAGE);
      return 0;
    }
    return await withRecords(env, async (records) => {
      if (verb === 'revoke') return revoke(records, rest, print);
      if (rest.length > 0) throw new Refusal(USAGE);
      const wantsNew = verb === 'make' && values['new-workspace'] !== undefined;
      const workspace = wantsNew
        ? await newWorkspace(records, values['new-workspace']!, env)
        : await workspaceOf(records, values.workspace);
      if (verb === 'make') return make(records, workspace, values.name, print);
      return list(records, workspace, print);
    });
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof StartupError)) throw error;
    complain(error.message);
    return 1;
  }
}

function parse(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        workspace: { type: 'string' },
        'new-workspace': { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    const [verb, ...rest] = positionals;
    if (values.help || verb === undefined) return { values, rest };
    if (verb !== 'make' && verb !== 'list' && verb !== 'revoke') throw new Refusal(USAGE);
    return { verb, values, rest } as const;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(`${(error as Error).message}\n${USAGE}`);
  }
}

async function withRecords(
  env: NodeJS.ProcessEnv,
  work: (records: Records) => Promise<number>,
): Promise<number> {
  const config = loadConfig(env);
  if (config.databaseUrl === undefined && !existsSync(config.dataDir)) {
    throw new Refusal(`There is no data folder ${config.dataDir}: start the server first, or set DATA_DIR.`);
  }
  const stores = await openStores(config);
  try {
    return await work(stores.records);
  } finally {
    await stores.close();
  }
}

async function workspaceOf(records: Records, wanted: string | undefined): Promise<Workspace> {
  const all = await records.workspaces.list();
  const names = all.map(({ workspaceId, name }) => `  ${workspaceId}  ${name}`).join('\n');
  if (all.length === 0) throw new Refusal('There is no workspace yet: make one with --new-workspace NAME.');
  if (wanted === undefined && all.length > 1) throw new Refusal(`Say which workspace:\n${names}`);
  const found = all.find(({ workspaceId }) => wanted === undefined || workspaceId === wanted);
  if (!found) throw new Refusal(`There is no workspace ${wanted}. There are:\n${names}`);
  return found;
}

async function newWorkspace(records: Records, name: string, env: NodeJS.ProcessEnv): Promise<Workspace> {
  if (!NAME.test(name)) throw new Refusal('Say what to call the workspace, in at most 100 characters.');
  const workspaceId = new RandomIds().uuid();
  const isSandbox = loadConfig(env).sandbox;
  await records.workspaces.create({ workspaceId, name, isSandbox, settings: {}, createdAt: Date.now() });
  return (await records.workspaces.get(workspaceId))!;
}

async function make(
  records: Records,
  { workspaceId, name: workspace }: Workspace,
  name: string | undefined,
  print: Print,
): Promise<number> {
  if (name === undefined || !NAME.test(name)) {
    throw new Refusal('Say what to call the key: --name NAME, of at most 100 characters.');
  }
  const apiKeyId = new RandomIds().uuid();
  const token = newApiToken(new CryptoRandom());
  await records.apiKeys.create({ apiKeyId, workspaceId, name, token, createdAt: Date.now() });
  print(`A key for the workspace ${workspace} (${workspaceId}). It is not shown again:`);
  print(token);
  print(`Its id, to revoke it by: ${apiKeyId}`);
  return 0;
}

async function list(records: Records, { workspaceId }: Workspace, print: Print): Promise<number> {
  const keys = await records.apiKeys.list(workspaceId);
  for (const { apiKeyId, name, prefix, createdAt, lastUsedAt } of keys) {
    const used = lastUsedAt === null ? 'never used' : `last used ${iso(lastUsedAt)}`;
    print(`${apiKeyId}  ${prefix}…  made ${iso(createdAt)}  ${used}  ${name}`);
  }
  if (keys.length === 0) print('There are no keys.');
  return 0;
}

async function revoke(records: Records, rest: string[], print: Print): Promise<number> {
  const [apiKeyId, ...more] = rest;
  if (apiKeyId === undefined || more.length > 0) throw new Refusal(USAGE);
  if (!(await records.apiKeys.revoke(apiKeyId)))
    throw new Refusal(`There is no key ${apiKeyId}: list shows their ids.`);
  print(`The key ${apiKeyId} is revoked.`);
  return 0;
}

if (require.main === module) {
  void apiKeys(
    process.argv.slice(2),
    process.env,
    (line) => process.stdout.write(`${line}\n`),
    (line) => process.stderr.write(`${line}\n`),
  ).then((code) => (process.exitCode = code));
}
