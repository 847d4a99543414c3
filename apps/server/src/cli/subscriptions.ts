import {
  EventStoreDb,
  GROUP_DEFAULTS,
  GROUP_STRATEGIES,
  GroupAbsent,
  GroupExists,
  type GroupName,
  GroupRefused,
  GroupsDenied,
  type GroupSettings,
  type GroupSource,
  type GroupState,
  type GroupStrategy,
  NotParked,
  type ParkedChoice,
  type ParkedMessage,
  positionToText,
  TooManyParked,
} from '@latchkey/event-sourcing';
import { iso } from '@latchkey/platform';
import { PUBLIC_EVENTS, publicStreamOf } from '@latchkey/public-events';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Print, Refusal, workspaceOf } from './command-line';
import { reachEventStore } from './event-store';
import { instant } from './instant-option';
import { type Column, formatOf, showRows } from './output';
import { type OpenedStores, withStores } from './stores';
import { startOf, type StartOptions } from './subscription-start';

/** The groups of consumers on a workspace's public events, or on those of all. */
export function subscriptionsCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  const program = new Command('subscriptions').description(
    'Looks after persistent subscriptions on the public events: who consumes, how far they are, what is parked.',
  );
  const command: AddCommand = (name, description) =>
    program
      .command(name)
      .description(description)
      .option('--workspace <ID>', 'whose events, where there are several workspaces')
      .option('--all', 'on the events of all workspaces');
  withFormat(command('list', 'shows the subscriptions there are')).action((options: Where & Shown) =>
    withGroups(env, options, async (groups, source) => {
      const shown = await showRows(groupsOf(groups, source), GROUP_COLUMNS, formatOf(options), print);
      if (shown === 0 && formatOf(options) === 'table') print('There are no subscriptions.');
    }),
  );
  withSettings(command('create', 'makes one').argument('<NAME>'))
    .addOption(new Option('--from <WHERE>', 'where it begins; the end').choices(['beginning', 'end']))
    .option('--since <INSTANT>', "or the workspace's first event from this instant on, ISO 8601", instant)
    .option('--revision <N>', "or the event at this place of the workspace's stream", whole(0))
    .action((group: string, { from, since, revision, ...options }: Where & StartOptions & SettingOptions) =>
      withGroups(env, options, async (groups, source, opened) => {
        const start = await startOf({ from, since, revision }, source, opened);
        await groups.create({ source, group }, { ...GROUP_DEFAULTS, ...settingsOf(options) }, start);
        print(`The subscription ${group} is made.`);
      }),
    );
  withSettings(
    command('update', 'gives it other settings; its consumers connect again').argument('<NAME>'),
  ).action((group: string, options: Where & SettingOptions) =>
    withGroups(env, options, async (groups, source) => {
      const changes = settingsOf(options);
      if (Object.keys(changes).length === 0)
        throw new Refusal('Say which setting is to be changed: --help lists them.');
      await groups.update({ source, group }, changes);
      print(`The subscription ${group} has its new settings.`);
    }),
  );
  command('delete', 'ends it, with its place and what is parked')
    .argument('<NAME>')
    .action((group: string, options: Where) =>
      withGroups(env, options, async (groups, source) => {
        await groups.delete({ source, group });
        print(`The subscription ${group} is deleted.`);
      }),
    );
  addParkedCommands(command, env, print);
  return program;
}

type AddCommand = (name: string, description: string) => Command;

/** What is parked: shown, tried again, forgotten. */
function addParkedCommands(command: AddCommand, env: NodeJS.ProcessEnv, print: Print): void {
  withFormat(command('parked', 'shows what no consumer could deal with, and why').argument('<NAME>')).action(
    (group: string, options: Where & Shown) =>
      withGroups(env, options, async (groups, source) => {
        const rows = parkedOf(groups, { source, group });
        const shown = await showRows(rows, PARKED_COLUMNS, formatOf(options), print);
        if (shown === 0 && formatOf(options) === 'table') print('Nothing is parked.');
      }),
  );
  for (const [name, description, done] of [
    ['retry', 'has consumers try parked events again', 'handed out again'],
    ['drop', 'forgets parked events', 'forgotten'],
  ] as const) {
    command(name, description)
      .argument('<NAME>')
      .option('--number <N...>', 'those of these numbers', numbers)
      .option('--first <N>', 'or the first so many', whole(1))
      .option('--everything', 'or all of them')
      .action((group: string, options: Where & Chosen) =>
        withGroups(env, options, async (groups, source) => {
          const which = choiceOf(options);
          const count =
            name === 'retry'
              ? await groups.retryParked({ source, group }, which)
              : await groups.dropParked({ source, group }, which);
          print(`${count} parked events are ${done}.`);
        }),
      );
  }
}

interface Where {
  readonly workspace?: string;
  readonly all?: boolean;
}
interface Shown {
  readonly json?: boolean;
  readonly csv?: boolean;
}
interface SettingOptions {
  readonly maxRetries?: number;
  readonly timeout?: number;
  readonly buffer?: number;
  readonly maxConsumers?: number;
  readonly strategy?: GroupStrategy;
}
interface Chosen {
  readonly number?: number[];
  readonly first?: number;
  readonly everything?: boolean;
}

const withFormat = (command: Command) =>
  command.option('--json', 'as JSON, a line each').option('--csv', 'as CSV');

const withSettings = (command: Command) =>
  command
    .option('--max-retries <N>', 'how often an event is tried again before it is parked', whole(0))
    .option('--timeout <SECONDS>', 'a consumer that has not answered for so long loses the event', whole(1))
    .option('--buffer <N>', 'how many events are read ahead', whole(10))
    .option('--max-consumers <N>', 'how many may consume at a time; 0: any number', whole(0))
    .addOption(new Option('--strategy <NAME>', 'how events are shared out').choices(GROUP_STRATEGIES));

function whole(least: number): (text: string) => number {
  return (text) => {
    if (!/^\d{1,15}$/.test(text) || Number(text) < least)
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
    return Number(text);
  };
}

const numbers = (text: string, before: number[] = []): number[] => [...before, whole(0)(text)];

function settingsOf(options: SettingOptions): Partial<GroupSettings> {
  const { maxRetries, timeout, buffer, maxConsumers, strategy } = options;
  return {
    ...(maxRetries === undefined ? {} : { maxRetries }),
    ...(timeout === undefined ? {} : { messageTimeout: timeout * 1000 }),
    ...(buffer === undefined ? {} : { bufferSize: buffer }),
    ...(maxConsumers === undefined ? {} : { maxConsumers }),
    ...(strategy === undefined ? {} : { strategy }),
  };
}

function choiceOf({ number, first, everything }: Chosen): ParkedChoice {
  if ([number, first, everything].filter((given) => given !== undefined).length !== 1)
    throw new Refusal('Say which: --number N, --first N, or --everything.');
  if (number !== undefined) return { numbers: number };
  return first === undefined ? 'all' : { first };
}

/** Works on the event store of the settings: the running server's, or one that is started for it. */
function withGroups(
  env: NodeJS.ProcessEnv,
  { workspace, all = false }: Where,
  work: (groups: EventStoreDb['persistent'], source: GroupSource, opened: OpenedStores) => Promise<void>,
): Promise<void> {
  return withStores(env, async (opened) => {
    const { config } = opened;
    const { records } = opened.stores;
    const source = all
      ? { allWithPrefix: `${PUBLIC_EVENTS}-` }
      : { stream: publicStreamOf((await workspaceOf(records, workspace)).workspaceId) };
    const reached = config.eventstoreUrl === undefined ? await reachEventStore(config) : undefined;
    const store = new EventStoreDb(config.eventstoreUrl ?? reached!.address);
    try {
      await work(store.persistent, source, opened);
    } catch (error) {
      throw inWords(error) ?? error;
    } finally {
      await store.close();
      await reached?.close();
    }
  });
}

/** What the event store said, in one line. */
function inWords(error: unknown): Refusal | undefined {
  if (error instanceof GroupAbsent) return new Refusal('There is no such subscription: list shows them.');
  if (error instanceof GroupExists) return new Refusal('There is a subscription of that name already.');
  if (error instanceof GroupsDenied)
    return new Refusal(
      'The login of EVENTSTORE_URL may not do that: docs/subscribers.md says what it needs.',
    );
  const told = [NotParked, TooManyParked, GroupRefused].some((kind) => error instanceof kind);
  return told ? new Refusal((error as Error).message) : undefined;
}

async function* groupsOf(groups: EventStoreDb['persistent'], source: GroupSource): AsyncIterable<GroupRow> {
  yield* (await groups.list(source)).map(groupRow);
}

const PAGE = 200;

async function* parkedOf(groups: EventStoreDb['persistent'], name: GroupName): AsyncIterable<ParkedRow> {
  for (let from = 0; ;) {
    const page = await groups.parked(name, from, PAGE);
    yield* page.map(parkedRow);
    if (page.length < PAGE) return;
    from = page.at(-1)!.number + 1;
  }
}

/** As it is shown: to programs with all of its settings. */
function groupRow(state: GroupState) {
  const { settings, consumers } = state;
  return {
    name: state.group,
    status: state.isLive ? 'live' : 'behind',
    checkpoint: placeOf(state.checkpoint),
    last_known: placeOf(state.lastKnown),
    in_flight: state.inFlight,
    retrying: state.retrying,
    parked: state.parked,
    handed_out: state.handedOut,
    max_retries: settings.maxRetries,
    timeout_seconds: settings.messageTimeout / 1000,
    buffer: settings.bufferSize,
    max_consumers: settings.maxConsumers,
    strategy: settings.strategy,
    consumers: consumers.map(({ login, name, address, inFlight }) => ({
      ...{ login, name, address, in_flight: inFlight },
    })),
  };
}
type GroupRow = ReturnType<typeof groupRow>;

function parkedRow({ number, parkedAt, event, reason }: ParkedMessage) {
  return {
    number,
    parked_at: iso(parkedAt),
    stream: event?.stream ?? null,
    event_type: event?.type ?? null,
    event_id: event?.id ?? null,
    reason,
  };
}
type ParkedRow = ReturnType<typeof parkedRow>;

const placeOf = (place: GroupState['checkpoint']): number | string | null =>
  place === undefined ? null : typeof place === 'number' ? place : positionToText(place);

const text = (value: number | string | null): string => (value === null ? '' : String(value));

const GROUP_COLUMNS: readonly Column<GroupRow>[] = [
  { name: 'name', of: (row) => row.name },
  { name: 'status', of: (row) => row.status },
  { name: 'consumers', of: (row) => String(row.consumers.length) },
  { name: 'checkpoint', of: (row) => text(row.checkpoint) },
  { name: 'last_known', of: (row) => text(row.last_known) },
  { name: 'in_flight', of: (row) => String(row.in_flight) },
  { name: 'retrying', of: (row) => String(row.retrying) },
  { name: 'parked', of: (row) => String(row.parked) },
  { name: 'handed_out', of: (row) => String(row.handed_out) },
];

const PARKED_COLUMNS: readonly Column<ParkedRow>[] = [
  { name: 'number', of: (row) => String(row.number) },
  { name: 'parked_at', of: (row) => row.parked_at },
  { name: 'stream', of: (row) => row.stream ?? '' },
  { name: 'event_type', of: (row) => row.event_type ?? 'gone' },
  { name: 'event_id', of: (row) => row.event_id ?? '' },
  { name: 'reason', of: (row) => row.reason.replace(/\s+/g, ' ') },
];
