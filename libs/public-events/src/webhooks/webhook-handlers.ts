import { Refusal } from '@latchkey/event-sourcing';
import type { Database, Records, WebhookEndpoint } from '@latchkey/database';
import {
  CLOCK,
  type Clock,
  CONFIG,
  type Config,
  derivedId,
  FEED_DATABASE,
  RANDOM,
  type Random,
  RECORDS,
} from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler, type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { FeedTables } from '../feed/feed-projection';
import { FEED_VIEW, type FeedView } from '../feed/feed-view';
import { AddressRules, NOT_REACHABLE } from './addresses';
import {
  CreateWebhook,
  DeleteWebhook,
  GetWebhook,
  ListWebhooks,
  ReplayWebhook,
  type SeamWebhook,
  UpdateWebhook,
} from './commands';
import { wants } from './delivery-queue';
import { isEventType } from './event-types';
import { Names } from './names';
import { replay } from './replay';
import { WebhookDeliveries } from './webhook-deliveries';

/** Why what is asked of a webhook is refused for now. */
export type WebhookRefusal = 'disabled' | 'too-many';

/** WebhookDeliveries */
export const WEBHOOK_DELIVERIES = Symbol('WEBHOOK_DELIVERIES');

type Endpoints = Pick<Records, 'webhookEndpoints'>;

/** How many webhooks a workspace may have. */
const ENDPOINTS_AT_MOST = 50;
const SECRET_BYTES = 32;
const EVERYTHING = ['*'];

function present({ webhookId, url, eventTypes, secret }: WebhookEndpoint): SeamWebhook {
  return { webhook_id: webhookId, url, event_types: eventTypes, secret };
}

/** @throws {Refusal} where there is none */
async function owned(records: Endpoints, workspaceId: string, webhookId: string): Promise<WebhookEndpoint> {
  const endpoint = await records.webhookEndpoints.find(webhookId);
  if (endpoint?.workspaceId !== workspaceId) throw Refusal.absent('webhook');
  return endpoint;
}

@CommandHandler(CreateWebhook)
export class CreateWebhookHandler implements ICommandHandler<CreateWebhook> {
  constructor(
    @Inject(RECORDS) private readonly records: Endpoints,
    @Inject(CONFIG) private readonly config: Pick<Config, 'sandbox' | 'webhookAllowedHosts'>,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  async execute({ caller, wanted }: CreateWebhook): Promise<SeamWebhook> {
    const { workspaceId } = caller;
    // The same for a request that is tried again, and so is its secret: it was made once, and is answered as it is.
    const webhookId = derivedId(caller.requestId, 'webhook');
    const before = await this.records.webhookEndpoints.find(webhookId);
    if (before) return present(before);
    const rules = new AddressRules(this.config.sandbox, this.config.webhookAllowedHosts);
    const reachable = async () => rules.sandbox || (await new Names(rules).leadsOut(wanted.url));
    const wrong = rules.refusalOf(wanted.url) ?? ((await reachable()) ? null : NOT_REACHABLE);
    if (wrong !== null) throw Refusal.invalid(`url ${wrong}.`, { url: wrong });
    const created = {
      webhookId,
      workspaceId,
      url: wanted.url,
      eventTypes: typesOf(wanted.eventTypes),
      secret: `whsec_${this.random.bytes(SECRET_BYTES).toString('base64')}`,
      createdAt: this.clock.now(),
    };
    if (!(await this.records.webhookEndpoints.create(created, ENDPOINTS_AT_MOST))) {
      throw Refusal.untimely<WebhookRefusal>(
        'too-many',
        `A workspace has ${ENDPOINTS_AT_MOST} webhooks at most: delete one that is not used any more.`,
      );
    }
    return present({ ...created, failingSince: null, disabledAt: null });
  }
}

/** @throws {Refusal} for one that is no event's */
function typesOf(eventTypes: readonly string[] = EVERYTHING): string[] {
  const unknown = eventTypes.find((name) => !isEventType(name));
  if (unknown !== undefined) {
    throw Refusal.invalid(`Unknown event types: ${JSON.stringify(unknown.slice(0, 100))}.`, {
      event_types: 'must hold only names of events, whole or up to a final *',
    });
  }
  return eventTypes.length === 0 ? [...EVERYTHING] : [...new Set(eventTypes)];
}

@CommandHandler(UpdateWebhook)
export class UpdateWebhookHandler implements ICommandHandler<UpdateWebhook> {
  constructor(
    @Inject(RECORDS) private readonly records: Endpoints,
    @Inject(WEBHOOK_DELIVERIES) private readonly deliveries: WebhookDeliveries,
  ) {}

  async execute({ workspaceId, webhookId, wanted }: UpdateWebhook): Promise<void> {
    const types = typesOf(wanted.eventTypes);
    const found = await this.records.webhookEndpoints.update(workspaceId, webhookId, types);
    if (!found) throw Refusal.absent('webhook');
    await this.deliveries.rows.clear(webhookId, (eventType) => wants(types, eventType));
  }
}

@CommandHandler(DeleteWebhook)
export class DeleteWebhookHandler implements ICommandHandler<DeleteWebhook> {
  constructor(
    @Inject(RECORDS) private readonly records: Endpoints,
    @Inject(WEBHOOK_DELIVERIES) private readonly deliveries: WebhookDeliveries,
  ) {}

  async execute({ workspaceId, webhookId }: DeleteWebhook): Promise<void> {
    const found = await this.records.webhookEndpoints.delete(workspaceId, webhookId);
    if (!found) throw Refusal.absent('webhook');
    await this.deliveries.rows.remove(webhookId);
  }
}

@CommandHandler(ReplayWebhook)
export class ReplayWebhookHandler implements ICommandHandler<ReplayWebhook> {
  constructor(
    @Inject(RECORDS) private readonly records: Endpoints,
    @Inject(FEED_DATABASE) private readonly views: Database<FeedTables>,
    @Inject(FEED_VIEW) private readonly feed: FeedView,
    @Inject(WEBHOOK_DELIVERIES) private readonly deliveries: WebhookDeliveries,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ workspaceId, webhookId, range }: ReplayWebhook): Promise<{ queued: number }> {
    const endpoint = await owned(this.records, workspaceId, webhookId);
    if (endpoint.disabledAt !== null) {
      throw Refusal.untimely<WebhookRefusal>(
        'disabled',
        'The webhook is disabled: update it first to use it again.',
      );
    }
    await this.feed.caughtUp();
    const queued = await replay(this.views, this.deliveries.rows, endpoint, range, this.clock.now());
    this.deliveries.wake();
    return { queued };
  }
}

@QueryHandler(GetWebhook)
export class GetWebhookHandler implements IQueryHandler<GetWebhook> {
  constructor(@Inject(RECORDS) private readonly records: Endpoints) {}

  async execute({ workspaceId, webhookId }: GetWebhook): Promise<SeamWebhook> {
    return present(await owned(this.records, workspaceId, webhookId));
  }
}

@QueryHandler(ListWebhooks)
export class ListWebhooksHandler implements IQueryHandler<ListWebhooks> {
  constructor(@Inject(RECORDS) private readonly records: Endpoints) {}

  async execute({ workspaceId }: ListWebhooks): Promise<SeamWebhook[]> {
    return (await this.records.webhookEndpoints.list(workspaceId)).map(present);
  }
}

/** Providers of all of these. */
export const webhookHandlers = [
  CreateWebhookHandler,
  UpdateWebhookHandler,
  DeleteWebhookHandler,
  ReplayWebhookHandler,
  GetWebhookHandler,
  ListWebhooksHandler,
];
