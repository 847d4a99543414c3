import { Command } from 'commander';
import { type ParkedEvent, ParkedEvents } from '../parked/parked-events';
import { retryParked, viewsToRetry } from '../parked/retry-parked';
import { type Print, Refusal } from './command-line';
import { withFacts } from './facts';
import { type Column, formatOf, showRows } from './output';
import { sayNone, withStores } from './stores';

interface Formats {
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** Shows the events that views go on without, and why; its commands: list, retry, drop. */
export function parkedCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  const program = new Command('parked').description(
    'Shows the events that views go on without, and why: those that nobody can read or fold, and those of others.',
  );
  program
    .command('list', { isDefault: true })
    .description('the events, those that were parked first first')
    .option('--json', 'as JSON, a line each')
    .option('--csv', 'as CSV')
    .action((options: Formats) =>
      withStores(env, async ({ stores }) => {
        const format = formatOf(options);
        const shown = await showRows(new ParkedEvents(stores).all(), COLUMNS, format, print);
        sayNone(shown, format, 'No event is parked.', print);
      }),
    );
  program
    .command('retry')
    .description('folds the views again that go on without an event, by the version that runs this')
    .argument('<EVENT_ID>', 'one event, or all')
    .action((id: string) => retry(env, id, print));
  program
    .command('drop')
    .description('takes an event off the list; it stays in the event store, and views go on without it')
    .argument('<EVENT_ID>', 'one event, or all')
    .action((id: string) =>
      withStores(env, async ({ stores }) => {
        const dropped = await new ParkedEvents(stores).drop(wantedOf(id));
        print(`${eventsOf(dropped.length)} dropped.`);
      }),
    );
  return program;
}

function retry(env: NodeJS.ProcessEnv, id: string, print: Print): Promise<void> {
  return withFacts(env, async (facts) => {
    const events = await new ParkedEvents(facts.stores).some(wantedOf(id));
    const retried = await retryParked(facts, viewsToRetry(facts, events));
    for (const { view, failure } of retried) print(`${view}: ${failure ?? 'it has every event now'}`);
    if (retried.length === 0) print('No event is parked.');
    const failed = retried.filter(({ failure }) => failure !== null).map(({ view }) => view);
    if (failed.length > 0) throw new Refusal(`Left as they were: ${failed.join(', ')}.`);
  });
}

const wantedOf = (id: string): string | undefined => (id === 'all' ? undefined : id);

const eventsOf = (count: number): string => (count === 1 ? '1 event was' : `${count} events were`);

const COLUMNS: readonly Column<ParkedEvent>[] = [
  { name: 'view', of: (row) => row.view },
  { name: 'parked_at', of: (row) => row.parked_at },
  { name: 'stream', of: (row) => row.stream },
  { name: 'event_type', of: (row) => row.event_type },
  { name: 'event_id', of: (row) => row.event_id },
  { name: 'reason', of: (row) => row.reason },
];
