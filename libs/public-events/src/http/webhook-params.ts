import { Instant, TextList, Uuid, WebAddress, Whole } from '@latchkey/http';

const types = {
  max: 200,
  description: 'Names of events, whole or up to a final *; * alone is every event.',
};

export class CreateWebhookParams {
  @WebAddress({ description: 'Where events are to be sent.' })
  url!: string;

  @TextList({ ...types, optional: true, default: ['*'] })
  event_types?: string[];
}

export class WebhookIdParams {
  @Uuid()
  webhook_id!: string;
}

export class ListWebhooksParams {}

export class UpdateWebhookParams {
  @Uuid()
  webhook_id!: string;

  @TextList(types)
  event_types!: string[];
}

export class ReplayWebhookParams {
  @Uuid()
  webhook_id!: string;

  @Instant({ optional: true, description: 'The first instant whose events are sent again.' })
  since?: number;

  @Whole({
    ...{ min: 0, max: Number.MAX_SAFE_INTEGER, optional: true },
    description: "Or the place in the workspace's stream from which on events are sent again.",
  })
  position?: number;

  @Instant({ optional: true, description: 'Events from this instant on are not.' })
  until?: number;
}
