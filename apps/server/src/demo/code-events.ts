import { ACCESS_CODE } from '@latchkey/access-codes';
import { EventStoreDb } from '@latchkey/event-sourcing';

export interface CodeEvent {
  readonly at: number;
  readonly type: string;
  /** What the lock said, or why the code goes. */
  readonly detail: string | null;
}

/** Reads what happened to codes from the event store, through the protocol that anybody else could use. */
export class CodeEvents {
  private readonly store: EventStoreDb;

  constructor(port: number) {
    this.store = new EventStoreDb(`esdb://127.0.0.1:${port}?tls=false`);
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
