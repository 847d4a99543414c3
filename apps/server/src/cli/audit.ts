import {
  type AuditEntry,
  DoorSpans,
  FACT_TYPES,
  GetDoorAt,
  GetDoorAtHandler,
  GetHistory,
  GetHistoryHandler,
  type HistoryFilter,
  MOST_ENTRIES,
  presentAtDoor,
  presentDoor,
  keyNames,
  presentEntry,
} from '@latchkey/audit';
import { iso, type Page, type PageRequest, parseInstant } from '@latchkey/platform';
import { Command } from 'commander';
import { addAuditFiles } from './audit-files';
import { type Print, Refusal, workspaceOf } from './command-line';
import { CAUGHT_UP, type Facts, withFacts } from './facts';
import { allOf, type Column, each, formatOf, showRows, shown } from './output';

type Entry = ReturnType<typeof presentEntry>;
type AtDoorRow = ReturnType<typeof presentAtDoor>;
type OpenerRow = ReturnType<typeof presentDoor>['openers'][number];

interface Common {
  readonly workspace?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

interface HistoryOptions extends Common {
  readonly code?: string;
  readonly device?: string;
  readonly account?: string;
  readonly key?: string;
  readonly request?: string;
  readonly type?: string[];
  readonly since?: string;
  readonly until?: string;
}

interface DoorOptions extends Common {
  readonly at?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Its commands: history, door, export, check, key. */
export function auditCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  const program = new Command('audit').description(
    'Tells what happened, who caused it, and what opened a door when. It reads the same settings as the server, and may be used while that runs.',
  );
  withCommon(program.command('history'))
    .description('every fact about something, oldest first')
    .option('--code <ID>', 'about an access code')
    .option('--device <ID>', 'about a lock, with its codes and its door')
    .option('--account <ID>', 'about a connected account, with its locks')
    .option('--key <ID>', 'asked for with an API key')
    .option('--request <ID>', 'that came of a request')
    .option('--type <TYPE...>', 'of these types alone')
    .option('--since <INSTANT>', 'from then on, ISO 8601')
    .option('--until <INSTANT>', 'before then, ISO 8601')
    .action((options: HistoryOptions) => withFacts(env, (facts) => history(facts, options, print)));
  withCommon(program.command('door'))
    .description('what opened a lock at an instant, or each change of that over a span')
    .argument('<DEVICE_ID>', 'the lock')
    .option('--at <INSTANT>', 'the instant, ISO 8601; now where nothing is given')
    .option('--from <INSTANT>', 'the beginning of the span')
    .option('--to <INSTANT>', 'its end')
    .action((deviceId: string, options: DoorOptions) =>
      withFacts(env, (facts) => door(facts, deviceId, options, print)),
    );
  addAuditFiles(program, env, print);
  return program;
}

const withCommon = (command: Command): Command =>
  command
    .option('--workspace <ID>', 'whose, where there are several workspaces')
    .option('--json', 'as JSON, a line each')
    .option('--csv', 'as CSV');

async function history({ stores }: Facts, options: HistoryOptions, print: Print): Promise<void> {
  const { workspaceId } = await workspaceOf(stores.records, options.workspace);
  const unknown = options.type?.find((type) => !FACT_TYPES.has(type));
  if (unknown !== undefined)
    throw new Refusal(`No fact has the type ${unknown}. There are: ${[...FACT_TYPES].sort().join(', ')}.`);
  const filter = filterOf(options);
  if (filter.since !== undefined && filter.until !== undefined && filter.until < filter.since)
    throw new Refusal('The span ends before it begins.');
  const handler = new GetHistoryHandler(stores.audit, CAUGHT_UP);
  const pages = (page: PageRequest): Promise<Page<AuditEntry>> =>
    handler.execute(new GetHistory(workspaceId, filter, page));
  const names = await keyNames(stores.records.apiKeys, workspaceId);
  const rows = allOf(pages, (entry) => presentEntry(entry, names), MOST_ENTRIES);
  const shown = await showRows(rows, HISTORY, formatOf(options), print);
  if (shown > 0) return;
  await checkKnown(handler, workspaceId, options);
  if (formatOf(options) === 'table') print('Nothing happened.');
}

/** @throws {Refusal} where nothing was ever recorded of what was asked about: its id is wrong */
async function checkKnown(
  handler: GetHistoryHandler,
  workspaceId: string,
  { code, device, account, key, request }: HistoryOptions,
): Promise<void> {
  for (const [what, id] of Object.entries({ code, device, account, key, request })) {
    if (id === undefined) continue;
    const filter = filterOf({ [what]: id });
    const { items } = await handler.execute(new GetHistory(workspaceId, filter, { limit: 1 }));
    if (items.length === 0) throw new Refusal(`Nothing was ever recorded of the ${what} ${id}.`);
  }
}

function filterOf(options: HistoryOptions): HistoryFilter {
  return {
    accessCodeId: options.code,
    deviceId: options.device,
    connectedAccountId: options.account,
    apiKeyId: options.key,
    requestId: options.request,
    eventTypes: options.type,
    since: options.since === undefined ? undefined : instantOf('--since', options.since),
    until: options.until === undefined ? undefined : instantOf('--until', options.until),
  };
}

async function door(facts: Facts, deviceId: string, options: DoorOptions, print: Print): Promise<void> {
  const { stores, doors, now } = facts;
  const { workspaceId } = await workspaceOf(stores.records, options.workspace);
  if (options.from !== undefined || options.to !== undefined) {
    return doorBetween(facts, workspaceId, deviceId, options, print);
  }
  const at = options.at === undefined ? now : instantOf('--at', options.at);
  if (at > now) throw new Refusal(`--at is in the future: it is ${iso(now)} now.`);
  const found = await new GetDoorAtHandler(doors).execute(new GetDoorAt(workspaceId, deviceId, at));
  const names = await keyNames(stores.records.apiKeys, workspaceId);
  const { name, is_known, is_online, openers } = presentDoor(deviceId, at, found, names);
  const format = formatOf(options);
  if (format === 'table') {
    const lock = is_known ? `${name} (${is_online ? 'online' : 'offline'})` : 'The lock was not known yet';
    print(`${lock}, ${iso(at)}: ${openers.length === 0 ? 'no code opened it.' : ''}`);
  }
  if (openers.length > 0 || format !== 'table') await showRows(each(openers), OPENERS, format, print);
}

async function doorBetween(
  { stores, doors, now }: Facts,
  workspaceId: string,
  deviceId: string,
  { from, to, at, ...options }: DoorOptions,
  print: Print,
): Promise<void> {
  if (at !== undefined) throw new Refusal('Say --at, or --from and --to.');
  if (from === undefined || to === undefined) throw new Refusal('A span has both --from and --to.');
  const span = [instantOf('--from', from), instantOf('--to', to)] as const;
  if (span[1] < span[0]) throw new Refusal('The span ends before it begins.');
  const spans = new DoorSpans(stores.audit, doors, new GetHistoryHandler(stores.audit, CAUGHT_UP), {
    now: () => now,
  });
  const found = await spans.of({ workspaceId, deviceId, from: span[0], to: span[1] });
  const names = await keyNames(stores.records.apiKeys, workspaceId);
  const rows = shown(found, (each) => presentAtDoor(each, names));
  const count = await showRows(rows, AT_DOOR, formatOf(options), print);
  if (count === 0 && formatOf(options) === 'table') print('Nothing changed.');
}

/** An instant, in UTC where it names no offset, ms; a date is its beginning. @throws {Refusal} where it is none */
function instantOf(option: string, text: string): number {
  try {
    return parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  } catch {
    throw new Refusal(`${option} is an instant as 2026-06-01T12:00:00Z, not '${text}'.`);
  }
}

const actorOf = ({ type, id }: { readonly type: string; readonly id?: string }) =>
  id === undefined ? type : `${type} ${id}`;

const HISTORY: readonly Column<Entry>[] = [
  { name: 'occurred_at', of: (row) => row.occurred_at },
  { name: 'event_type', of: (row) => row.event_type },
  { name: 'actor', of: (row) => actorOf(row.actor) },
  { name: 'access_code_id', of: (row) => row.access_code_id ?? '' },
  { name: 'device_id', of: (row) => row.device_id ?? '' },
  { name: 'request_id', of: (row) => row.request_id },
  { name: 'recorded_at', of: (row) => row.recorded_at },
  { name: 'detail', of: (row) => JSON.stringify(row.detail) },
];

const frameOf = (frame: OpenerRow['time_frame']) => (frame ? `${frame.starts_at}/${frame.ends_at}` : '');

const OPENERS: readonly Column<OpenerRow>[] = [
  { name: 'access_code_id', of: (row) => row.access_code_id },
  { name: 'name', of: (row) => row.name ?? '' },
  { name: 'certainty', of: (row) => row.certainty },
  { name: 'time_frame', of: (row) => frameOf(row.time_frame) },
  { name: 'on_device_since', of: (row) => row.on_device_since ?? '' },
  { name: 'requested_by', of: (row) => actorOf(row.requested_by) },
  { name: 'requested_at', of: (row) => row.requested_at },
];

const AT_DOOR: readonly Column<AtDoorRow>[] = [
  { name: 'at', of: (row) => row.at },
  { name: 'change_type', of: (row) => row.change_type },
  { name: 'access_code_id', of: (row) => row.access_code_id ?? '' },
  { name: 'name', of: (row) => row.opener?.name ?? '' },
  { name: 'certainty', of: (row) => row.opener?.certainty ?? '' },
  { name: 'because', of: (row) => row.event_type ?? '' },
];
