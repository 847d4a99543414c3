import type { Caller } from '@latchkey/event-sourcing';
import { Command, Query } from '@nestjs/cqrs';

/** A webhook in the API's shape. */
export interface SeamWebhook {
  webhook_id: string;
  url: string;
  event_types: string[];
  /** What deliveries are signed with. */
  secret: string;
}

/**
 * Sends a workspace's events to a URL from now on. Fails with 400 for a URL that must not be called. Asked again with
 * the same request id it answers the webhook that was made.
 */
export class CreateWebhook extends Command<SeamWebhook> {
  constructor(
    readonly caller: Pick<Caller, 'workspaceId' | 'requestId'>,
    readonly wanted: { url: string; eventTypes?: readonly string[] },
  ) {
    super();
  }
}

/** Other event types; a webhook that was given up is taken into use again. Fails with 404 webhook_not_found. */
export class UpdateWebhook extends Command<void> {
  constructor(
    readonly workspaceId: string,
    readonly webhookId: string,
    readonly wanted: { eventTypes: readonly string[] },
  ) {
    super();
  }
}

/** Ends it; what still waited is not sent. Fails with 404 webhook_not_found. */
export class DeleteWebhook extends Command<void> {
  constructor(
    readonly workspaceId: string,
    readonly webhookId: string,
  ) {
    super();
  }
}

/** Which events are sent again: from an instant (ms) or a place of the workspace's stream on, to before an instant. */
export interface ReplayRange {
  readonly since?: number;
  readonly place?: number;
  readonly until?: number;
}

/** Sends events again, as far as the webhook asks for them, after what is new. Fails with 404 webhook_not_found. */
export class ReplayWebhook extends Command<{ queued: number }> {
  constructor(
    readonly workspaceId: string,
    readonly webhookId: string,
    readonly range: ReplayRange,
  ) {
    super();
  }
}

/** Fails with 404 webhook_not_found. */
export class GetWebhook extends Query<SeamWebhook> {
  constructor(
    readonly workspaceId: string,
    readonly webhookId: string,
  ) {
    super();
  }
}

/** A workspace's webhooks, oldest first. */
export class ListWebhooks extends Query<SeamWebhook[]> {
  constructor(readonly workspaceId: string) {
    super();
  }
}
