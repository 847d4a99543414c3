import { type StoredEvent } from '../storage/stored-event';
import { type EventSource } from './event-source';
import { appendWithMetadata, lastEvent, systemEvent, type SystemStreams } from './system-streams';

const METADATA = {
  $maxCount: 2,
  $acl: { $r: '$admins', $w: '$admins', $d: '$admins', $mr: '$all', $mw: '$admins' },
};

/**
 * Checkpoints of groups on `$all` are in `$all` themselves. They are neither delivered nor counted, else each would
 * be a reason for the next.
 */
export function isCheckpoint({ stream }: StoredEvent): boolean {
  return stream.startsWith('$persistentsubscription-') && stream.endsWith('-checkpoint');
}

/** How far a group has come, kept in its checkpoint stream. */
export class Checkpoints {
  private readonly stream: string;
  private writing = false;
  private next: number | undefined;
  private closed = false;

  constructor(
    private readonly streams: SystemStreams,
    private readonly source: EventSource,
    key: string,
  ) {
    this.stream = `$persistentsubscription-${key}-checkpoint`;
  }

  load(): number | undefined {
    const event = lastEvent(this.streams, this.stream);
    if (!event) return undefined;
    try {
      return this.source.parse(String(JSON.parse(Buffer.from(event.data).toString('utf8'))));
    } catch {
      return undefined;
    }
  }

  /** Writes a checkpoint; while one is being written, only the newest of those that follow is. */
  write(place: number): void {
    this.next = place;
    if (!this.writing) void this.writeNext();
  }

  /** Nothing is written any more. */
  close(): void {
    this.closed = true;
  }

  /** Forgets them for good; runs inside the transaction. */
  delete(): void {
    this.closed = true;
    this.streams.writer.softDelete(this.stream, 'any');
  }

  private async writeNext(): Promise<void> {
    this.writing = true;
    while (this.next !== undefined && !this.closed) {
      const event = systemEvent(
        'SubscriptionCheckpoint',
        JSON.stringify(this.source.format(this.next)),
        true,
      );
      this.next = undefined;
      try {
        await this.streams.commits.submit(() => {
          if (!this.closed) appendWithMetadata(this.streams, this.stream, event, METADATA);
        });
      } catch (error) {
        // Without it some events come again after a restart; none is lost.
        this.streams.report(error);
      }
    }
    this.writing = false;
  }
}
