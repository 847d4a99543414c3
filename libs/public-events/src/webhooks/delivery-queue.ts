import { preparedIn } from '@latchkey/database';
import type { Projection, RecordedEvent, Tables } from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';
import { PERSONAL_DATA_ERASED } from '../nameless';
import { PUBLIC_EVENTS } from '../public-event';
import { readPublicEvent } from '../read-public-event';
import { enqueue, forgetNames } from './enqueue';
import type { DeliveryTables } from './queue-tables';

/** Whether an endpoint that asked for `eventTypes` is told of an event. */
export function wants(eventTypes: readonly string[], eventType: string): boolean {
  return eventTypes.some((asked) =>
    asked.endsWith('*') ? eventType.startsWith(asked.slice(0, -1)) : asked === eventType,
  );
}

/** Follows the public streams and queues what is to be sent. Its tables are made by `queueMigrations`. */
export class DeliveryQueue implements Projection {
  readonly name = 'webhook-deliveries';
  readonly version = 1;
  readonly prefixes = [`${PUBLIC_EVENTS}-`];
  readonly lasting = true;
  readonly read = readPublicEvent;

  constructor(
    private readonly clock: { now(): number },
    private readonly onQueued: () => void,
  ) {}

  create(): Promise<void> {
    return Promise.resolve();
  }

  drop(): Promise<void> {
    return Promise.resolve();
  }

  async leavesAlone(db: Kysely<Tables>, events: readonly RecordedEvent[]): Promise<boolean> {
    if (events.some(isErasure)) return false;
    return (await wanted(db as Kysely<DeliveryTables>, events)).length === 0;
  }

  async apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void> {
    const typed = trx as Transaction<DeliveryTables>;
    await enqueue(typed, await wanted(typed, events), this.clock.now());
    for (const event of events.filter(isErasure)) {
      const codeId = readPublicEvent(event).event.access_code_id;
      if (codeId !== undefined) await forgetNames(typed, codeId);
    }
  }

  onApplied(): void {
    this.onQueued();
  }
}

const isErasure = ({ type }: RecordedEvent): boolean => type === PERSONAL_DATA_ERASED;

type Endpoint = Pick<
  DeliveryTables['webhook_endpoints'],
  'webhook_id' | 'workspace_id' | 'event_types' | 'created_at'
>;

const listening = preparedIn<DeliveryTables, object, Endpoint>((db, _, workspaces) =>
  db
    .selectFrom('webhook_endpoints')
    .select(['webhook_id', 'workspace_id', 'event_types', 'created_at'])
    .where('workspace_id', 'in', workspaces)
    .where('disabled_at', 'is', null),
);

/** Which events are to be sent to which endpoints. */
async function wanted(db: Kysely<DeliveryTables>, events: readonly RecordedEvent[]) {
  const stored = events.map((each) => ({ event: readPublicEvent(each).event, revision: each.revision }));
  const workspaces = [...new Set(stored.map(({ event }) => event.workspace_id))];
  const endpoints = await listening.rows(db, {}, workspaces);
  return endpoints.flatMap((endpoint) => {
    const eventTypes = JSON.parse(endpoint.event_types) as string[];
    return (
      stored
        .filter(({ event }) => event.workspace_id === endpoint.workspace_id)
        .filter(({ event }) => wants(eventTypes, event.event_type))
        // What happened before somebody listened is not news.
        .filter(({ event }) => Date.parse(event.created_at) >= endpoint.created_at)
        .map(({ event, revision }) => ({ webhookId: endpoint.webhook_id, event, revision }))
    );
  });
}
