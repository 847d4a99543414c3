import {
  By,
  type Caller,
  MayBeRepeated,
  Params,
  type Repeatable,
  RepeatableDeletes,
  schema,
  SeamRoute,
} from '@latchkey/http';
import { ApiError } from '@latchkey/platform';
import { Controller } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  CreateWebhook,
  DeleteWebhook,
  GetWebhook,
  ListWebhooks,
  ReplayWebhook,
  UpdateWebhook,
} from '../webhooks/commands';
import {
  CreateWebhookParams,
  ListWebhooksParams,
  ReplayWebhookParams,
  UpdateWebhookParams,
  WebhookIdParams,
} from './webhook-params';

const { id, listOf, named, objectOf, text, whole } = schema;

const WEBHOOK_SCHEMA = named(
  'webhook',
  objectOf({ webhook_id: id, url: text, event_types: listOf(text), secret: text }),
);
const REPLAY_SCHEMA = named('replay', objectOf({ queued: whole }));

/** /webhooks: where events are sent as they happen. */
@Controller()
export class WebhooksController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly deletes: RepeatableDeletes,
  ) {}

  @SeamRoute('/webhooks/create', ['POST'], {
    summary: 'Sends events to a URL from now on',
    answer: { webhook: WEBHOOK_SCHEMA },
    params: CreateWebhookParams,
  })
  async create(@By() caller: Caller, @Params(CreateWebhookParams) params: CreateWebhookParams) {
    const { url, event_types: eventTypes } = params;
    const wanted = { url, ...(eventTypes === undefined ? {} : { eventTypes }) };
    return { webhook: await this.commands.execute(new CreateWebhook(caller, wanted)) };
  }

  @SeamRoute('/webhooks/get', ['GET'], {
    summary: 'One webhook',
    answer: { webhook: WEBHOOK_SCHEMA },
    params: WebhookIdParams,
  })
  async get(@By() { workspaceId }: Caller, @Params(WebhookIdParams) { webhook_id }: WebhookIdParams) {
    return { webhook: await this.queries.execute(new GetWebhook(workspaceId, webhook_id)) };
  }

  @SeamRoute('/webhooks/list', ['GET'], {
    summary: 'Webhooks, oldest first',
    answer: { webhooks: { listOf: WEBHOOK_SCHEMA } },
    params: ListWebhooksParams,
  })
  async list(@By() { workspaceId }: Caller, @Params(ListWebhooksParams) _: ListWebhooksParams) {
    return { webhooks: await this.queries.execute(new ListWebhooks(workspaceId)) };
  }

  @SeamRoute('/webhooks/update', ['PUT', 'PATCH'], {
    summary: 'Gives a webhook other event types, and takes it into use again if it was given up',
    params: UpdateWebhookParams,
  })
  async update(@By() { workspaceId }: Caller, @Params(UpdateWebhookParams) params: UpdateWebhookParams) {
    const { webhook_id, event_types: eventTypes } = params;
    await this.commands.execute(new UpdateWebhook(workspaceId, webhook_id, { eventTypes }));
    return {};
  }

  @SeamRoute('/webhooks/delete', ['DELETE'], {
    summary: 'Ends a webhook; what still waits is not sent',
    params: WebhookIdParams,
  })
  async delete(
    @By() caller: Caller,
    @MayBeRepeated() repeatable: Repeatable,
    @Params(WebhookIdParams) { webhook_id }: WebhookIdParams,
  ) {
    await this.deletes.run(caller, repeatable, webhook_id, () =>
      this.commands.execute(new DeleteWebhook(caller.workspaceId, webhook_id)),
    );
    return {};
  }

  @SeamRoute('/webhooks/replay', ['POST'], {
    summary: 'Sends events again, from an instant or a place on; what is new goes before them',
    answer: { replay: REPLAY_SCHEMA },
    params: ReplayWebhookParams,
  })
  async replay(@By() { workspaceId }: Caller, @Params(ReplayWebhookParams) params: ReplayWebhookParams) {
    const { webhook_id, since, position, until } = params;
    if ((since === undefined) === (position === undefined)) {
      throw ApiError.invalidInput('Say from where on: since, or position.', {
        since:
          since === undefined ? 'is required unless position is given' : 'must not be given with position',
      });
    }
    if (until !== undefined && until <= (since ?? 0)) {
      throw ApiError.invalidInput('The range ends before it begins.', { until: 'must be after since' });
    }
    const range = {
      ...(since === undefined ? {} : { since }),
      ...(position === undefined ? {} : { place: position }),
      ...(until === undefined ? {} : { until }),
    };
    return { replay: await this.commands.execute(new ReplayWebhook(workspaceId, webhook_id, range)) };
  }
}
