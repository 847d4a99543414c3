import {
  CodePresenter,
  GetAccessCode,
  GetAccessCodeHandler,
  ListAccessCodes,
  ListAccessCodesHandler,
  ListUnmanagedAccessCodes,
  ListUnmanagedAccessCodesHandler,
  type SeamAccessCode,
  type SeamUnmanagedAccessCode,
} from '@latchkey/access-codes';
import { Refusal as DomainRefusal } from '@latchkey/event-sourcing';
import type { PageRequest } from '@latchkey/platform';
import { Command, Option } from 'commander';
import { type Print, Refusal } from './command-line';
import { allOf, type Column, formatOf, showOne, showRows } from './output';
import { type OpenedStores, sayNone, withViews, workspacesOf } from './stores';

const STATUSES = ['unset', 'setting', 'set', 'removing', 'unknown'];
const PAGE = 500;

/** A code as it is shown to an operator: without its PIN, and what else tells of it. */
type ShownCode = ReturnType<typeof shownCode>;

interface ListOptions {
  readonly workspace?: string;
  readonly device?: string;
  readonly status?: string;
  readonly search?: string;
  readonly unmanaged?: boolean;
  readonly problems?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** Its commands: list, get. */
export function codesCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  const program = new Command('codes').description('Shows access codes, never a PIN.');
  program
    .command('list')
    .description('the codes there are, in the order in which they were asked for')
    .option('--workspace <ID>', 'of this workspace alone')
    .option('--device <ID>', 'on this lock alone')
    .addOption(new Option('--status <STATUS>', 'in this status alone').choices(STATUSES))
    .option('--search <TEXT>', 'with this in their name or id')
    .option('--problems', 'those with an error or a warning alone')
    .option('--unmanaged', 'those on a lock that nobody asked us for; with --device')
    .option('--json', 'as JSON, a line each')
    .option('--csv', 'as CSV')
    .action((options: ListOptions) => withViews(env, (opened) => list(opened, options, print)));
  program
    .command('get')
    .description('one code')
    .argument('<ACCESS_CODE_ID>', 'its id')
    .option('--json', 'as JSON')
    .option('--csv', 'as CSV')
    .action((id: string, options: { json?: boolean; csv?: boolean }) =>
      withViews(env, (opened) => get(opened, id, options, print)),
    );
  return program;
}

async function list(opened: OpenedStores, options: ListOptions, print: Print): Promise<void> {
  if (options.unmanaged && options.device === undefined)
    throw new Refusal('Say on which lock: --unmanaged goes with --device.');
  const format = formatOf(options);
  const shown = await showRows(codesOf(opened, options), COLUMNS, format, print);
  sayNone(shown, format, 'There are no such codes.', print);
}

async function* codesOf(opened: OpenedStores, options: ListOptions): AsyncIterable<ShownCode> {
  const { device, status, search, problems = false } = options;
  for (const { workspaceId } of await workspacesOf(opened.stores, options.workspace)) {
    for await (const code of options.unmanaged
      ? unmanagedOn(opened, workspaceId, device!, search)
      : managedOf(opened, workspaceId, options)) {
      if (status !== undefined && code.status !== status) continue;
      if (problems && code.errors.length + code.warnings.length === 0) continue;
      yield code;
    }
  }
}

function managedOf(
  { stores, clock, config }: OpenedStores,
  workspaceId: string,
  { device, search }: ListOptions,
): AsyncIterable<ShownCode> {
  const { views, vault, records } = stores;
  const presenter = new CodePresenter(views, vault, clock, config);
  const handler = new ListAccessCodesHandler(views, vault, config, records, presenter);
  const filter = {
    ...(device === undefined ? {} : { deviceId: device }),
    ...(search === undefined ? {} : { search }),
  };
  const pages = (page: PageRequest) => handler.execute(new ListAccessCodes(workspaceId, filter, page));
  return allOf(pages, shownCode, PAGE);
}

async function* unmanagedOn(
  { stores, clock, config }: OpenedStores,
  workspaceId: string,
  deviceId: string,
  search: string | undefined,
): AsyncIterable<ShownCode> {
  const { views, vault } = stores;
  const presenter = new CodePresenter(views, vault, clock, config);
  const handler = new ListUnmanagedAccessCodesHandler(views, vault, presenter);
  const filter = { deviceId, ...(search === undefined ? {} : { search }) };
  const pages = (page: PageRequest) =>
    handler.execute(new ListUnmanagedAccessCodes(workspaceId, filter, page));
  try {
    yield* allOf(pages, shownCode, PAGE);
  } catch (error) {
    // The lock is another workspace's.
    if (!(error instanceof DomainRefusal)) throw error;
  }
}

async function get(
  { stores, clock, config }: OpenedStores,
  accessCodeId: string,
  options: { readonly json?: boolean; readonly csv?: boolean },
  print: Print,
): Promise<void> {
  const { views, vault, records } = stores;
  const presenter = new CodePresenter(views, vault, clock, config);
  const handler = new GetAccessCodeHandler(views, vault, clock, config, records, presenter);
  for (const { workspaceId } of await records.workspaces.list()) {
    const found = await handler
      .execute(new GetAccessCode(workspaceId, { accessCodeId }))
      .catch(absentAsUndefined);
    if (found) return showOne(shownCode(found), COLUMNS, formatOf(options), print);
  }
  throw new Refusal(`There is no access code ${accessCodeId}: codes list shows those there are.`);
}

/** What a query refuses is not there. */
export function absentAsUndefined(error: unknown): undefined {
  if (!(error instanceof DomainRefusal)) throw error;
}

function shownCode(code: SeamAccessCode | SeamUnmanagedAccessCode) {
  const { access_code_id, workspace_id, device_id, name, type, status, created_at, is_managed } = code;
  const { starts_at = null, ends_at = null } = code;
  const issues = (of: readonly { readonly message: string }[]) => of.map(codeOfIssue);
  const [errors, warnings] = [issues(code.errors), issues(code.warnings)];
  const ids = { access_code_id, workspace_id, device_id };
  return { ...ids, name, type, status, starts_at, ends_at, created_at, is_managed, errors, warnings };
}

/** By its code alone: a message may say more than an operator is to see. */
const codeOfIssue = (issue: object): string => {
  const { error_code, warning_code } = issue as { error_code?: string; warning_code?: string };
  return error_code ?? warning_code ?? 'unknown';
};

const COLUMNS: readonly Column<ShownCode>[] = [
  { name: 'access_code_id', of: (row) => row.access_code_id },
  { name: 'status', of: (row) => row.status },
  { name: 'name', of: (row) => row.name ?? '' },
  { name: 'device_id', of: (row) => row.device_id },
  { name: 'starts_at', of: (row) => row.starts_at ?? '' },
  { name: 'ends_at', of: (row) => row.ends_at ?? '' },
  { name: 'errors', of: (row) => row.errors.join(' ') },
  { name: 'warnings', of: (row) => row.warnings.join(' ') },
  { name: 'workspace_id', of: (row) => row.workspace_id },
];
