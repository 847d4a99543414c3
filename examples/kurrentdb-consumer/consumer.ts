import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { KurrentDBClient, START } from '@kurrent/kurrentdb-client';

const { EVENT_STORE = '', WORKSPACE_ID = '', CHECKPOINT = 'checkpoint.txt' } = process.env;

/** Where it goes on: after the last event whose effect is there. */
const checkpoint = existsSync(CHECKPOINT) ? BigInt(readFileSync(CHECKPOINT, 'utf8')) : START;

/** In a program of your own: in the same transaction as what comes of the event. */
function remember(revision: bigint): void {
  writeFileSync(`${CHECKPOINT}.new`, String(revision));
  renameSync(`${CHECKPOINT}.new`, CHECKPOINT);
}

const client = KurrentDBClient.connectionString(EVENT_STORE);
const events = client.subscribeToStream(`events-${WORKSPACE_ID}`, { fromRevision: checkpoint });

events.on('data', ({ event }) => {
  if (!event) return;
  const { event_id, event_type } = event.data as { event_id: string; event_type: string };
  console.log(JSON.stringify({ event_id, event_type }));
  remember(event.revision);
});
events.on('error', (error) => {
  // Whoever runs this program starts it again, and it goes on after the checkpoint.
  console.error(error.message);
  process.exit(1);
});
process.once('SIGTERM', () => process.exit(0));
