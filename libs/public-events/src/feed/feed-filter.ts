import { restrictions } from '@latchkey/database';
import type { SeamEvent } from '../public-event';
import type { EventFilter } from './queries';

/** What events are distinguished by, both in the view and in the event. */
export type FilterColumn =
  | 'event_type'
  | 'event_id'
  | 'access_code_id'
  | 'device_id'
  | 'connected_account_id'
  | 'connect_webview_id'
  | 'customer_key';

/** Which values of which properties a filter lets through; an event must have one of each list. */
export function restrictionsOf(filter: EventFilter): [FilterColumn, string[]][] {
  return restrictions<FilterColumn>([
    ['event_type', filter.eventType],
    ['event_type', filter.eventTypes],
    ['event_id', filter.eventIds],
    ['access_code_id', filter.accessCodeId],
    ['access_code_id', filter.accessCodeIds],
    ['device_id', filter.deviceId],
    ['device_id', filter.deviceIds],
    ['connected_account_id', filter.connectedAccountId],
    ['connect_webview_id', filter.connectWebviewId],
    ['customer_key', filter.customerKey],
  ]);
}

/** Whether a filter lets an event through that was not looked for in the view. */
export function matcherOf(filter: EventFilter): (event: SeamEvent) => boolean {
  const lists = restrictionsOf(filter).map(([column, values]) => [column, new Set<unknown>(values)] as const);
  return (event) => {
    const at = Date.parse(event.created_at);
    if (filter.since !== undefined && at < filter.since) return false;
    if (filter.between && (at <= filter.between[0] || at >= filter.between[1])) return false;
    return lists.every(([column, values]) => values.has(event[column]));
  };
}
