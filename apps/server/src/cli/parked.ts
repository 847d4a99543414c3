import { type Database, openStores } from '@latchkey/database';
import { iso } from '@latchkey/platform';
import { Command } from 'commander';
import { type Print, settingsOfServer } from './command-line';
import { type Column, formatOf, showRows } from './output';

interface ParkedEvent {
  /** `*`: it is not the server's, and every view goes on without it. */
  readonly view: string;
  readonly stream: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly position: string;
  readonly reason: string;
  readonly parked_at: string;
}

/** Shows the events that views go on without, and why. */
export function parkedCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  return new Command('parked')
    .description(
      'Shows the events that views go on without, and why: those that nobody can read or fold, and those of others.',
    )
    .option('--json', 'as JSON, a line each')
    .option('--csv', 'as CSV')
    .action(async (options: { json?: boolean; csv?: boolean }) => {
      const shown = await showRows(parkedEvents(env), COLUMNS, formatOf(options), print);
      if (shown === 0 && formatOf(options) === 'table') print('No event is parked.');
    });
}

async function* parkedEvents(env: NodeJS.ProcessEnv): AsyncIterable<ParkedEvent> {
  const config = settingsOfServer(env);
  const stores = await openStores<ParkedTables>(config);
  try {
    for (const database of [stores.views, stores.feed, stores.audit]) yield* parkedIn(database);
    yield* parkedIn(stores.recordsDatabase);
  } finally {
    await stores.close();
  }
}

interface ParkedTables {
  parked_events: {
    projection: string;
    event_id: string;
    stream: string;
    type: string;
    position: string;
    reason: string;
    parked_at: number;
  };
}

async function* parkedIn({ db }: Database<ParkedTables>): AsyncIterable<ParkedEvent> {
  const tables = await db.introspection.getTables();
  // Nothing was folded there yet.
  if (!tables.some(({ name }) => name === 'parked_events')) return;
  const rows = await db.selectFrom('parked_events').selectAll().orderBy('parked_at').execute();
  for (const { projection, type, parked_at, ...row } of rows) {
    yield { view: projection, ...row, event_type: type, parked_at: iso(parked_at) };
  }
}

const COLUMNS: readonly Column<ParkedEvent>[] = [
  { name: 'view', of: (row) => row.view },
  { name: 'parked_at', of: (row) => row.parked_at },
  { name: 'stream', of: (row) => row.stream },
  { name: 'event_type', of: (row) => row.event_type },
  { name: 'event_id', of: (row) => row.event_id },
  { name: 'reason', of: (row) => row.reason },
];
