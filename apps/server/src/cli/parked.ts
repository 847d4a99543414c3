import { Command } from 'commander';
import type { Print } from './command-line';
import { type Column, formatOf, showRows } from './output';
import { type ParkedEvent, parkedEvents } from './parked-events';
import { withStores } from './stores';

/** Shows the events that views go on without, and why. */
export function parkedCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  return new Command('parked')
    .description(
      'Shows the events that views go on without, and why: those that nobody can read or fold, and those of others.',
    )
    .option('--json', 'as JSON, a line each')
    .option('--csv', 'as CSV')
    .action((options: { json?: boolean; csv?: boolean }) =>
      withStores(env, async ({ stores }) => {
        const shown = await showRows(parkedEvents(stores), COLUMNS, formatOf(options), print);
        if (shown === 0 && formatOf(options) === 'table') print('No event is parked.');
      }),
    );
}

const COLUMNS: readonly Column<ParkedEvent>[] = [
  { name: 'view', of: (row) => row.view },
  { name: 'parked_at', of: (row) => row.parked_at },
  { name: 'stream', of: (row) => row.stream },
  { name: 'event_type', of: (row) => row.event_type },
  { name: 'event_id', of: (row) => row.event_id },
  { name: 'reason', of: (row) => row.reason },
];
