import type { CodeEvent } from '@latchkey/access-codes';
import type { Actor } from '@latchkey/event-sourcing';
import { derivedId, iso } from '@latchkey/platform';
import type { CodeFact } from '../../domain/code-history';
import { entriesOf, type TimelineEventType } from './entries';

/** An entry of a code's timeline, in the API's shape. */
export interface TimelineEvent {
  timeline_event_id: string;
  event_type: TimelineEventType;
  occurred_at: string;
  description: string;
  actor: Actor;
  details?: Record<string, unknown>;
  related_resource_ids?: Record<string, string>;
}

/** The life of a code in order, from its facts. No entry holds a PIN. */
export function timelineOf(facts: readonly CodeFact[]): TimelineEvent[] {
  const first = facts[0]?.event;
  const related =
    first?.type === 'CodeRequested' || first?.type === 'UnmanagedCodeSeen'
      ? { device_id: first.data.deviceId, connected_account_id: first.data.accountId }
      : undefined;
  return facts.flatMap(({ event, eventId, actor }) =>
    entriesOf(event).map(({ type, description, details }, index) => ({
      timeline_event_id: index === 0 ? eventId : derivedId(eventId, `timeline:${index}`),
      event_type: type,
      occurred_at: iso(event.at),
      description,
      actor: actorOf(event, actor),
      ...(details ? { details } : {}),
      ...(related ? { related_resource_ids: related } : {}),
    })),
  );
}

/** What somebody else did on the lock, however it became known. */
const BY_OTHERS: readonly CodeEvent['type'][] = [
  'ModifiedExternally',
  'RemovedExternally',
  'UnmanagedCodeSeen',
  'UnmanagedCodeChanged',
  'UnmanagedCodeGone',
];

const actorOf = ({ type }: CodeEvent, actor: Actor): Actor =>
  BY_OTHERS.includes(type) ? { type: 'external' } : actor;
