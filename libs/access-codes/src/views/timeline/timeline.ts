import type { Actor, Happened, RecordedEvent } from '@latchkey/event-sourcing';
import { derivedId, iso } from '@latchkey/platform';
import type { CodeEvent } from '../../domain/events';
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

/** The life of a code in order, from what happened to it. No entry holds a PIN. */
export function timelineOf(
  history: readonly { event: Happened<CodeEvent>; recorded: RecordedEvent }[],
): TimelineEvent[] {
  const first = history[0]?.event;
  const related =
    first?.type === 'CodeRequested' || first?.type === 'UnmanagedCodeSeen'
      ? { device_id: first.data.deviceId, connected_account_id: first.data.accountId }
      : undefined;
  return history.flatMap(({ event, recorded }) =>
    entriesOf(event).map(({ type, description, details }, index) => ({
      timeline_event_id: index === 0 ? recorded.id : derivedId(recorded.id, `timeline:${index}`),
      event_type: type,
      occurred_at: iso(event.at),
      description,
      actor: actorOf(event, recorded),
      ...(details ? { details } : {}),
      ...(related ? { related_resource_ids: related } : {}),
    })),
  );
}

/** What somebody else did on the lock, whoever told of it. */
const BY_OTHERS: readonly CodeEvent['type'][] = [
  'ModifiedExternally',
  'RemovedExternally',
  'UnmanagedCodeSeen',
  'UnmanagedCodeChanged',
  'UnmanagedCodeGone',
];

function actorOf({ type }: CodeEvent, { metadata }: RecordedEvent): Actor {
  const byOthers = BY_OTHERS.includes(type);
  return byOthers ? { type: 'external' } : metadata.actor;
}
