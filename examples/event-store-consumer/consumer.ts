import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { EventStoreDBClient, PARK, RETRY } from '@eventstore/db-client';

/** An event of the API, as it lies in the event store: without PINs. */
interface PublicEvent {
  readonly event_id: string;
  readonly event_type: string;
  readonly access_code_id?: string;
}

/** What will never be dealt with, however often it comes. */
class Hopeless extends Error {}

const {
  EVENT_STORE = '',
  WORKSPACE_ID = '',
  SUBSCRIPTION = 'example',
  HANDLED = 'handled.txt',
} = process.env;
const refused = process.env['REFUSE']?.split(',') ?? [];

// In a program of your own: a table, written in the same transaction as what comes of the event.
const handled = new Set(existsSync(HANDLED) ? readFileSync(HANDLED, 'utf8').split('\n') : []);

/** @throws {Hopeless} for what can't be dealt with */
function handle({ event_id, event_type, access_code_id }: PublicEvent): void {
  if (refused.includes(event_type)) throw new Hopeless(`nothing is to be done about ${event_type}`);
  console.log(JSON.stringify({ event_id, event_type, access_code_id }));
}

const client = EventStoreDBClient.connectionString(EVENT_STORE);
const events = client.subscribeToPersistentSubscriptionToStream(`events-${WORKSPACE_ID}`, SUBSCRIPTION);

events.on('data', (resolved) => {
  const { event } = resolved;
  // The event that a link led to is not there any more.
  if (!event) return void events.ack(resolved);
  try {
    // It may come twice: each event has its effect once.
    if (!handled.has(event.id)) {
      handle(event.data as unknown as PublicEvent);
      handled.add(event.id);
      appendFileSync(HANDLED, `${event.id}\n`);
    }
    void events.ack(resolved);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    void events.nack(error instanceof Hopeless ? PARK : RETRY, reason, resolved);
  }
});
events.on('error', (error) => {
  // Whoever runs this program starts it again; the event store knows where it was.
  console.error(error.message);
  process.exitCode = 1;
  void client.dispose();
});
process.once('SIGTERM', () => void events.unsubscribe().then(() => client.dispose()));
