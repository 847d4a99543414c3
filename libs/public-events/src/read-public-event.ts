import {
  ForeignEvent,
  type Position,
  positionFromText,
  type RecordedEvent,
  whyForeign,
} from '@latchkey/event-sourcing';
import { publicStreamOf, type StoredEvent } from './public-event';

/** A public event as it was read, with the place of the fact that it comes from. */
export interface ReadPublicEvent {
  readonly event: StoredEvent;
  readonly source: Position;
  /** It was told after events of later facts. */
  readonly isLate: boolean;
}

/**
 * Reads an event of a public stream. Consumers may have been given the right to append, and anybody else's events
 * are no news of ours.
 * @throws {ForeignEvent} when the translator did not write it
 */
export function readPublicEvent(recorded: RecordedEvent): ReadPublicEvent {
  const foreign = recorded.forged ?? whyForeign(recorded.metadata);
  if (foreign !== undefined) throw new ForeignEvent(recorded, foreign);
  const { sourcePosition, late } = recorded.metadata as { sourcePosition?: unknown; late?: unknown };
  if (typeof sourcePosition !== 'string' || !/^\d{1,20}\/\d{1,20}$/.test(sourcePosition))
    throw new ForeignEvent(recorded, 'no source');
  const event = recorded.data as Partial<StoredEvent> | null;
  const isOurs =
    event?.event_id === recorded.id &&
    event.event_type === recorded.type &&
    typeof event.workspace_id === 'string' &&
    publicStreamOf(event.workspace_id) === recorded.stream &&
    typeof event.created_at === 'string' &&
    !Number.isNaN(Date.parse(event.created_at));
  if (!isOurs) throw new ForeignEvent(recorded, 'its data are not of its id, type and stream');
  return { event: event as StoredEvent, source: positionFromText(sourcePosition), isLate: late === true };
}

/** The same, but undefined for an event that the translator did not write. */
export function ownPublicEvent(recorded: RecordedEvent): ReadPublicEvent | undefined {
  try {
    return readPublicEvent(recorded);
  } catch (error) {
    if (error instanceof ForeignEvent) return undefined;
    throw error;
  }
}
