import {
  AppendTimeout,
  type Cause,
  type EventStore,
  type Position,
  RevisionConflict,
} from '@latchkey/event-sourcing';
import { DOOR, doorCodec, type DoorEvent, recordAtDoor } from './door';

/** So many of a door's latest events are looked through for one that was reported before. */
const LATEST = 100;
const ATTEMPTS = 50;

/** Writes down what happens at doors, each thing once, however often a lock's maker reports it. */
export class DoorLog {
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly options: {
      readonly store: EventStore;
      readonly clock: { now(): number };
      readonly ids: { uuid(): string };
    },
  ) {}

  /** @returns where it stands; undefined where it was there already */
  record(event: DoorEvent, cause: Cause): Promise<Position | undefined> {
    const { deviceId } = event.data;
    const turn = (this.turns.get(deviceId) ?? Promise.resolve()).then(() => this.append(event, cause));
    const over = turn
      .catch(() => undefined)
      .finally(() => {
        if (this.turns.get(deviceId) === over) this.turns.delete(deviceId);
      });
    this.turns.set(deviceId, over);
    return turn;
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
      const { latest, revision } = await this.latest(stream);
      const [event] = recordAtDoor(latest, reported);
      if (!event) return undefined;
      try {
        const appended = await store.append(stream, [doorCodec.encode(event, id, metadata)], revision);
        return appended.position;
      } catch (error) {
        // Without an answer it may be there: then it is found.
        const worthTrying = error instanceof RevisionConflict || error instanceof AppendTimeout;
        if (!worthTrying || attempt >= ATTEMPTS) throw error;
      }
    }
  }

  private async latest(stream: string): Promise<{ latest: DoorEvent[]; revision: number }> {
    const latest: DoorEvent[] = [];
    let revision = -1;
    for await (const recorded of this.options.store.readBackwards(stream, LATEST)) {
      revision = Math.max(revision, recorded.revision);
      latest.push(doorCodec.decode(recorded));
    }
    return { latest, revision };
  }
}
