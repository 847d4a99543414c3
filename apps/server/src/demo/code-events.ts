import { ACCESS_CODE } from '@latchkey/access-codes';
import { ownerAddress } from '@latchkey/embedded-eventstore';
import { EventStoreDb } from '@latchkey/event-sourcing';
import { join } from 'node:path';

export interface CodeEvent {
  readonly at: number;
  readonly type: string;
  /** What the lock said, or why the code goes. */
  readonly detail: string | null;
}

/** Reads what happened to codes from the event store, by the way in that is the server's own. */
export class CodeEvents {
  private readonly store: EventStoreDb;

  /** @param dataDir the server's data folder */
  constructor(dataDir: string) {
    this.store = new EventStoreDb(ownerAddress(join(dataDir, 'eventstore')));
  }

  /** @param from how many of the code's events are known already */
  async of(accessCodeId: string, from = 0): Promise<CodeEvent[]> {
    const events: CodeEvent[] = [];
    for await (const event of this.store.read(`${ACCESS_CODE}-${accessCodeId}`, from)) {
      const { errorCode, cause } = event.data as { errorCode?: string; cause?: string };
      const detail = errorCode ?? cause ?? null;
      events.push({ at: Date.parse(event.metadata.occurredAt), type: event.type, detail });
    }
    return events;
  }

  close(): Promise<void> {
    return this.store.close();
  }
}
