import { originalEvent, type ResolvedEvent } from '../protocol/read-response';

/** An event on its way to a consumer of a group. */
export interface Message {
  readonly resolved: ResolvedEvent;
  /** Its place in the source. */
  readonly place: number;
  /** The place of what was read before it: what may be checkpointed while this is unfinished. */
  readonly previous: number;
  /** How many events of the source were looked at before it. */
  readonly sequence: number;
  /** How often it was sent before. */
  readonly retryCount: number;
  /** Set on a message that was parked and is tried again: its revision in the stream of parked messages. */
  readonly parkedRevision?: number;
}

/** What consumers call a message: the id of the event, or of the link that led to it. */
export function messageKey(message: Message): string {
  return idKey(originalEvent(message.resolved).id);
}

export function idKey(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1');
}

export function messageBytes({ resolved: { event, link } }: Message): number {
  return 500 + (event ? event.data.length + event.metadata.length : 0) + (link ? link.data.length : 0);
}
