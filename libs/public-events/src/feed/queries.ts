import { Query } from '@nestjs/cqrs';
import type { SeamEvent } from '../public-event';

/** One event, or the latest of a type on a device. Fails with 404 event_not_found. */
export class GetEvent extends Query<SeamEvent> {
  constructor(
    readonly workspaceId: string,
    readonly by: { eventId: string } | { eventType: string; deviceId: string },
  ) {
    super();
  }
}

export interface EventFilter {
  /** From this instant on, ms. */
  since?: number;
  /** Between these instants and at neither, ms. */
  between?: readonly [number, number];
  eventType?: string;
  eventTypes?: readonly string[];
  eventIds?: readonly string[];
  accessCodeId?: string;
  accessCodeIds?: readonly string[];
  deviceId?: string;
  deviceIds?: readonly string[];
  connectedAccountId?: string;
  connectWebviewId?: string;
  customerKey?: string;
}

/** The most events that one list holds. */
export const MOST_EVENTS = 500;

/** Events that every filter lets through, oldest first, `limit` of them and never more than MOST_EVENTS. */
export class ListEvents extends Query<SeamEvent[]> {
  constructor(
    readonly workspaceId: string,
    readonly filter: EventFilter,
    readonly limit: number = MOST_EVENTS,
  ) {
    super();
  }
}
