import { type StoredEvent } from '../storage/stored-event';
import { type Message } from './message';
import { appendWithMetadata, setMetadata, systemEvent, type SystemStreams } from './system-streams';

const ACL = { $r: '$admins', $w: '$admins', $d: '$admins', $mr: '$admins', $mw: '$admins' };

/** Replayed messages that may come again after a crash, at most. */
const UNRECORDED = 100;

/**
 * The messages of a group that nobody could process, as links in a stream of their own. A replayed one stays there
 * until it has been dealt with, so that a crash in between loses nothing.
 */
export class ParkedMessages {
  private readonly stream: string;
  /** Replayed, but not dealt with. */
  private readonly replaying = new Set<number>();
  private replayedTo = 0;
  private unrecorded = 0;
  private closed = false;

  constructor(
    private readonly streams: SystemStreams,
    key: string,
  ) {
    this.stream = `$persistentsubscription-${key}-parked`;
  }

  /** Parked and not replayed. */
  get count(): number {
    const view = this.streams.reader.view(this.stream);
    if (view.kind !== 'present') return 0;
    return Math.max(0, view.lastRevision - Math.max(view.firstRevision, this.replayedTo) + 1);
  }

  /** The revision after the newest one. */
  get end(): number {
    return (this.streams.log.head(this.stream)?.lastRevision ?? -1) + 1;
  }

  /** Resolves when the message is on the disk. */
  async park(message: Message, reason: string): Promise<void> {
    const metadata = {
      added: new Date(this.streams.now()).toISOString(),
      reason,
      subscriptionEventNumber: message.place,
    };
    const event = systemEvent('$>', linkTo(message), false, metadata);
    await this.streams.commits.submit(() => {
      if (!this.closed) appendWithMetadata(this.streams, this.stream, event, { $acl: ACL });
    });
  }

  /** Up to `limit` parked messages from `revision` on, below `stopAt`, to be dealt with again. */
  take(revision: number, stopAt: number, limit: number): StoredEvent[] {
    const view = this.streams.reader.view(this.stream);
    if (view.kind !== 'present') return [];
    const from = Math.max(revision, this.replayedTo);
    const events = this.streams.reader
      .forwards(view, from, Math.min(limit, Math.max(0, stopAt - from)))
      .filter((event) => event.revision < stopAt);
    for (const event of events) {
      this.replaying.add(event.revision);
      this.replayedTo = event.revision + 1;
    }
    return events;
  }

  /** A replayed message has been acknowledged, skipped or parked again. */
  settled(revision: number): void {
    if (!this.replaying.delete(revision)) return;
    this.unrecorded += 1;
    if (this.replaying.size > 0 && this.unrecorded < UNRECORDED) return;
    this.unrecorded = 0;
    // An operator of the group may have hidden more.
    const hidden = this.hiddenBefore();
    const truncateBefore = Math.max(hidden, Math.min(this.replayedTo, ...this.replaying));
    this.streams.commits
      .submit(() => {
        if (!this.closed) setMetadata(this.streams, this.stream, { $tb: truncateBefore, $acl: ACL });
      })
      .catch(this.streams.report);
  }

  private hiddenBefore(): number {
    const view = this.streams.reader.view(this.stream);
    return view.kind === 'present' ? view.firstRevision : 0;
  }

  close(): void {
    this.closed = true;
  }

  /** Forgets them for good; runs inside the transaction. */
  delete(): void {
    this.closed = true;
    this.streams.writer.softDelete(this.stream, 'any');
  }
}

/** A link whose target is gone is parked as it was. */
function linkTo({ resolved: { event, link } }: Message): string {
  if (!event) return Buffer.from(link!.data).toString('utf8');
  return `${event.revision}@${event.stream}`;
}
