import { CleanUp } from '@latchkey/access-codes';
import { ErasePersonalDataHandler, type ErasureOf, presentErasure } from '@latchkey/retention';
import { SECOND } from '@latchkey/platform';
import { Command } from 'commander';
import { keepsExpired } from '../start/expired-codes';
import { type Print, Refusal, workspaceOf } from './command-line';
import { CAUGHT_UP, type Facts, withFacts } from './facts';
import { type Column, each, formatOf, showRows } from './output';

interface EraseOptions {
  readonly code?: string;
  readonly name?: string;
  readonly workspace?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** How long the running server is waited for, ms. */
const CARRIED_OUT_WITHIN_MS = 60 * SECOND;

/** Erases what people were called. */
export function eraseCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  return new Command('erase')
    .description(
      'Erases the names and PINs of access codes that are gone, everywhere, at the request of whom they belonged to. It can not be undone. Codes that may still open a door are refused. The server carries it out: while it runs, at once.',
    )
    .option('--code <ID>', 'one access code')
    .option('--name <TEXT>', 'all codes that have, or once had, exactly this name')
    .option('--workspace <ID>', 'whose, where there are several workspaces')
    .option('--dry-run', 'only says what would be erased')
    .option('--yes', 'it is meant: without it nothing is erased')
    .option('--json', 'as JSON, a line each')
    .action((options: EraseOptions) => withFacts(env, (facts) => eraseNames(facts, options, print)));
}

async function eraseNames(facts: Facts, options: EraseOptions, print: Print): Promise<void> {
  const { stores, streams, config, ids, isAlone } = facts;
  const of = asked(options);
  const workspaceId = await workspaceAsked(facts, of, options);
  const cleanUp = new CleanUp({ streams, vault: stores.vault, keepsExpired: keepsExpired(stores, config) });
  const barrier = { reached: () => Promise.resolve(), caughtUp: () => Promise.resolve() };
  const handler = new ErasePersonalDataHandler(streams, cleanUp, stores.audit, CAUGHT_UP, barrier);
  const caller = { workspaceId, actor: { type: 'system' as const }, requestId: ids.uuid() };
  const isDry = options.dryRun === true || options.yes !== true;
  const decided = await handler.decideAll(caller, of, isDry);
  const waits = isDry || isAlone ? 0 : CARRIED_OUT_WITHIN_MS;
  const erased = isDry ? decided : await handler.carriedOut(decided, waits);
  const { codes, is_public_stream_rewritten: isRewritten } = presentErasure(erased, config);
  const format = formatOf(options);
  await showRows(each(codes), COLUMNS, format, print);
  if (format === 'table') for (const line of said(codes, { isRewritten, isAlone })) print(line);
  if (isDry && !options.dryRun)
    throw new Refusal('Nothing was erased, since it can not be undone: say --yes to do it.');
  const refused = codes.filter(({ result }) => result === 'refused').length;
  if (refused > 0) throw new Refusal(`${refused} of ${codes.length} codes were refused.`);
}

type Row = ReturnType<typeof presentErasure>['codes'][number];

function asked({ code, name }: EraseOptions): ErasureOf {
  if (code !== undefined && name === undefined) return { accessCodeId: code };
  if (name !== undefined && code === undefined) return { name };
  throw new Refusal('Say which: --code ID or --name TEXT.');
}

/** A code says itself whose it is. */
async function workspaceAsked(
  { stores, streams }: Facts,
  of: ErasureOf,
  { workspace }: EraseOptions,
): Promise<string> {
  if ('name' in of || workspace !== undefined)
    return (await workspaceOf(stores.records, workspace)).workspaceId;
  const { state } = await streams.codes.load(of.accessCodeId);
  if (!state) throw new Refusal(`There is no access code ${of.accessCodeId}.`);
  return state.workspaceId;
}

function said(
  codes: readonly Row[],
  { isRewritten, isAlone }: { readonly isRewritten: boolean; readonly isAlone: boolean },
): string[] {
  const lines: string[] = [];
  if (codes.length === 0) lines.push('No code has, or had, that name.');
  if (codes.some(({ result }) => result === 'under_way'))
    lines.push(
      isAlone
        ? 'The server erases what is under way when it is started.'
        : 'The server goes on with what is under way: ask again in a moment.',
    );
  if (codes.every(({ result }) => result === 'refused')) return lines;
  lines.push(
    'Not reached: names of devices and accounts, backups and exports taken before, and what webhooks and subscribers have had: docs/retention.md.',
  );
  if (!isRewritten)
    lines.push(
      'Events that tell a name stay in the public stream of your event store, which has no way to change one: docs/retention.md says what can be done.',
    );
  return lines;
}

const COLUMNS: readonly Column<Row>[] = [
  { name: 'access_code_id', of: (row) => row.access_code_id },
  { name: 'result', of: (row) => row.result },
  { name: 'message', of: (row) => row.message ?? '' },
];
