import type { Database, WebhookEndpoint } from '@latchkey/database';
import { iso, redactUrl } from '@latchkey/platform';
import { type Backlog, DeliveryBacklog, type FeedTables, WebhookReplay } from '@latchkey/public-events';
import { Command, InvalidArgumentError } from 'commander';
import { type Print, Refusal } from './command-line';
import { instant } from './instant-option';
import { type Column, each, formatOf, showOne, showRows } from './output';
import { type OpenedStores, sayNone, withStores, workspacesOf } from './stores';

type ShownWebhook = ReturnType<typeof shownWebhook>;

interface ListOptions {
  readonly workspace?: string;
  readonly problems?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
}

interface OneOptions {
  readonly json?: boolean;
  readonly since?: number;
  readonly position?: number;
  readonly until?: number;
}

/** Its commands: list, get, disable, enable, retry, replay. */
export function webhooksCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  const program = new Command('webhooks').description('Shows webhooks and what waits for them.');
  program
    .command('list')
    .description('the webhooks there are, what waits for each, and which of them fail')
    .option('--workspace <ID>', 'of this workspace alone')
    .option('--problems', 'those that fail or are disabled alone')
    .option('--json', 'as JSON, a line each')
    .option('--csv', 'as CSV')
    .action((options: ListOptions) => withStores(env, (opened) => list(opened, options, print)));
  const one = (
    name: string,
    description: string,
    work: (opened: OpenedStores, endpoint: WebhookEndpoint, options: OneOptions) => Promise<void>,
  ): Command =>
    program
      .command(name)
      .description(description)
      .argument('<WEBHOOK_ID>', 'as list shows it')
      .action((id: string, options: OneOptions) =>
        withStores(env, async (opened) => work(opened, await endpointOf(opened, id), options)),
      );
  one('get', 'one webhook', async (opened, endpoint, options) => {
    const backlog = (await backlogOf(opened).all()).get(endpoint.webhookId);
    showOne(shownWebhook(endpoint, backlog), COLUMNS, formatOf(options), print);
  }).option('--json', 'as JSON');
  one('disable', 'sends nothing to it any more, until it is enabled; what waits is not sent', disable(print));
  one('enable', 'takes it into use again, from now on', enable(print));
  one('retry', 'sends what waits to be tried again without waiting longer', retry(print));
  one('replay', 'sends events to it again, after what is new', replay(print))
    .option('--since <INSTANT>', 'those from this instant on', instant)
    .option('--position <N>', "or those from this place of the workspace's stream on", place)
    .option('--until <INSTANT>', 'and before this instant', instant);
  return program;
}

function place(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

const replay =
  (print: Print) =>
  async (
    { stores, clock }: OpenedStores,
    endpoint: WebhookEndpoint,
    { since, position, until }: { since?: number; position?: number; until?: number },
  ): Promise<void> => {
    const { webhookId, disabledAt } = endpoint;
    if (disabledAt !== null) throw new Refusal(`The webhook ${webhookId} is disabled: enable it first.`);
    if ((since === undefined) === (position === undefined))
      throw new Refusal('Say from where on: --since INSTANT, or --position N.');
    const range = {
      ...(since === undefined ? {} : { since }),
      ...(position === undefined ? {} : { place: position }),
      ...(until === undefined ? {} : { until }),
    };
    const queued = await new WebhookReplay(
      stores.feed as unknown as Database<FeedTables>,
      stores.recordsDatabase,
    ).queue(endpoint, range, clock.now());
    print(`${queued} events wait to be sent to the webhook ${webhookId} again; a running server sends them.`);
  };

const backlogOf = ({ stores }: OpenedStores) => new DeliveryBacklog(stores.recordsDatabase);

async function endpointOf({ stores }: OpenedStores, webhookId: string): Promise<WebhookEndpoint> {
  const endpoint = await stores.records.webhookEndpoints.find(webhookId);
  if (!endpoint) throw new Refusal(`There is no webhook ${webhookId}: webhooks list shows those there are.`);
  return endpoint;
}

async function list(opened: OpenedStores, options: ListOptions, print: Print): Promise<void> {
  const backlogs = await backlogOf(opened).all();
  const rows: ShownWebhook[] = [];
  for (const { workspaceId } of await workspacesOf(opened.stores, options.workspace)) {
    for (const endpoint of await opened.stores.records.webhookEndpoints.list(workspaceId))
      rows.push(shownWebhook(endpoint, backlogs.get(endpoint.webhookId)));
  }
  const shown = options.problems ? rows.filter(({ status }) => status !== 'in use') : rows;
  const format = formatOf(options);
  await showRows(each(shown), COLUMNS, format, print);
  sayNone(shown.length, format, 'There are no such webhooks.', print);
}

const disable =
  (print: Print) =>
  async ({ stores, clock }: OpenedStores, { webhookId, disabledAt }: WebhookEndpoint): Promise<void> => {
    if (disabledAt !== null) throw new Refusal(`The webhook ${webhookId} is disabled already.`);
    await stores.records.webhookEndpoints.disable(webhookId, clock.now());
    print(`The webhook ${webhookId} is disabled: nothing more is sent to it.`);
  };

const enable =
  (print: Print) =>
  async ({ stores }: OpenedStores, endpoint: WebhookEndpoint): Promise<void> => {
    const { webhookId, workspaceId, eventTypes, disabledAt } = endpoint;
    if (disabledAt === null) throw new Refusal(`The webhook ${webhookId} is in use already.`);
    await stores.records.webhookEndpoints.update(workspaceId, webhookId, eventTypes);
    print(`The webhook ${webhookId} is in use again. What happened meanwhile is sent by webhooks/replay.`);
  };

const retry =
  (print: Print) =>
  async (opened: OpenedStores, { webhookId, disabledAt }: WebhookEndpoint): Promise<void> => {
    if (disabledAt !== null) throw new Refusal(`The webhook ${webhookId} is disabled: enable it first.`);
    const waiting = await backlogOf(opened).retryNow(webhookId, opened.clock.now());
    const messages = waiting === 1 ? '1 message waits' : `${waiting} messages wait`;
    print(`${messages} for the webhook ${webhookId}; a running server sends within a quarter of a minute.`);
  };

function shownWebhook(endpoint: WebhookEndpoint, backlog: Backlog | undefined) {
  const { webhookId, workspaceId, url, eventTypes, createdAt, failingSince, disabledAt } = endpoint;
  const status = disabledAt !== null ? 'disabled' : failingSince !== null ? 'failing' : 'in use';
  return {
    webhook_id: webhookId,
    workspace_id: workspaceId,
    url: redactUrl(url),
    event_types: eventTypes,
    status,
    created_at: iso(createdAt),
    failing_since: failingSince === null ? null : iso(failingSince),
    disabled_at: disabledAt === null ? null : iso(disabledAt),
    waiting: backlog?.waiting ?? 0,
    attempts: backlog?.attempts ?? 0,
    next_attempt_at: backlog ? iso(backlog.nextAt) : null,
  };
}

const COLUMNS: readonly Column<ShownWebhook>[] = [
  { name: 'webhook_id', of: (row) => row.webhook_id },
  { name: 'status', of: (row) => row.status },
  { name: 'since', of: (row) => row.disabled_at ?? row.failing_since ?? '' },
  { name: 'waiting', of: (row) => String(row.waiting) },
  { name: 'attempts', of: (row) => String(row.attempts) },
  { name: 'next_attempt_at', of: (row) => row.next_attempt_at ?? '' },
  { name: 'url', of: (row) => row.url },
  { name: 'event_types', of: (row) => row.event_types.join(' ') },
  { name: 'workspace_id', of: (row) => row.workspace_id },
];
