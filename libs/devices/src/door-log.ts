import {
  AppendTimeout,
  type Cause,
  type EventStore,
  type Position,
  RevisionConflict,
} from '@latchkey/event-sourcing';
import { KeyedMutex } from '@latchkey/platform';
import { LRUCache } from 'lru-cache';
import { DOOR, doorCodec, type DoorEvent, recordAtDoor } from './domain/door';

/** How many of a door's latest events are searched for one that was reported before. */
const LATEST = 100;
const ATTEMPTS = 50;
/** For how many doors the latest events are kept in memory. */
const DOORS = 1_000;

/** A door's latest events, the newest first, and the revision of the last one; -1 where nothing happened yet. */
interface Latest {
  readonly events: readonly DoorEvent[];
  readonly revision: number;
}

/** Records what happens at doors, each event once, however often a lock's maker reports it. */
export class DoorLog {
  private readonly mutex = new KeyedMutex();
  /** Never wrong: an append to a stale entry fails by its expected revision. */
  private readonly kept = new LRUCache<string, Latest>({ max: DOORS });

  constructor(
    private readonly options: {
      readonly store: EventStore;
      readonly clock: { now(): number };
      readonly ids: { uuid(): string };
    },
  ) {}

  /** @returns its position; undefined where it was recorded already */
  record(event: DoorEvent, cause: Cause): Promise<Position | undefined> {
    const { deviceId } = event.data;
    return this.mutex.runExclusive(deviceId, () => this.append(event, cause));
  }

  private async append(reported: DoorEvent, cause: Cause): Promise<Position | undefined> {
    const { store, clock, ids } = this.options;
    const stream = `${DOOR}-${reported.data.deviceId}`;
    const id = ids.uuid();
    const metadata = {
      $correlationId: cause.correlationId,
      $causationId: cause.causationId,
      actor: cause.actor,
      workspaceId: cause.workspaceId,
      occurredAt: new Date(clock.now()).toISOString(),
    };
    for (let attempt = 1; ; attempt++) {
      const { events, revision } = await this.latest(stream);
      const [event] = recordAtDoor(events, reported);
      if (!event) return undefined;
      try {
        const appended = await store.append(stream, [doorCodec.encode(event, id, metadata)], revision);
        this.kept.set(stream, { events: [event, ...events].slice(0, LATEST), revision: appended.revision });
        return appended.position;
      } catch (error) {
        // Without an answer it may have been appended: then it is found.
        this.kept.delete(stream);
        const worthTrying = error instanceof RevisionConflict || error instanceof AppendTimeout;
        if (!worthTrying || attempt >= ATTEMPTS) throw error;
      }
    }
  }

  private async latest(stream: string): Promise<Latest> {
    const kept = this.kept.get(stream);
    if (kept) return kept;
    const events: DoorEvent[] = [];
    let revision = -1;
    for await (const recorded of this.options.store.readBackwards(stream, LATEST)) {
      revision = Math.max(revision, recorded.revision);
      const event = doorCodec.decodeOwn(recorded);
      if (event) events.push(event);
    }
    return { events, revision };
  }
}
