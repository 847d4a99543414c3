import { Command, InvalidArgumentError } from 'commander';
import { benchAgenda } from './agenda/bench-agenda';
import { benchApi } from './api/bench-api';
import { benchAudit } from './audit/bench-audit';
import { benchAppends, benchEventStore, benchKills } from './eventstore/bench-eventstore';
import { benchFleet } from './fleet/fleet';
import { benchRebuild } from './rebuild/bench-rebuild';
import { seconds } from './report';
import { benchStart } from './start/bench-start';

/** Each benchmark by its name: `npm run bench -- NAME`. */
const program = new Command('npm run bench --').description(
  'Measures Latchkey beside what it is held against, in the same run.',
);

interface Quick {
  readonly quick?: boolean;
}

const named = (name: string, description: string) =>
  program.command(name).description(description).option('--quick', 'smaller, in well under a minute');

named('api', 'codes created, read and listed').action((options: Quick) => benchApi(options));
named('rebuild', 'all views folded again, beside a bare read of the same log')
  .option('--codes <number>', 'codes in the larger log; 100,000 make a million events', positive)
  .option('--only-created', 'nothing has happened to the codes since: 250,000 make a million events')
  .action((options: Quick & { codes?: number; onlyCreated?: boolean }) => benchRebuild(options));
named('start', 'a start with built views, memory while idle, and pages of many codes')
  .option('--codes <number>', 'codes in the views; 100,000', positive)
  .action((options: Quick & { codes?: number }) => benchStart(options));
named('agenda', 'claims among sleeping codes, and codes that fall due in one instant').action(
  (options: Quick) => benchAgenda(options),
);
named('fleet', 'many codes on many locks played through on the test clock').action((options: Quick) =>
  benchFleet(options),
);
named('audit', 'a month of a busy lock: its history, and what opened its door').action((options: Quick) =>
  benchAudit(options),
);
named('eventstore', 'the embedded event store').action((options: Quick) => benchEventStore(options));
program
  .command('eventstore-appends')
  .description('its single appends alone')
  .action(() => benchAppends());
program
  .command('eventstore-kills')
  .description('its kills under load')
  .action(() => benchKills());
named('all', 'api, rebuild, start, agenda, fleet, audit and eventstore').action(async (options: Quick) => {
  for (const [name, bench] of Object.entries({
    api: benchApi,
    rebuild: benchRebuild,
    start: benchStart,
    agenda: benchAgenda,
    fleet: benchFleet,
    audit: benchAudit,
    eventstore: benchEventStore,
  })) {
    process.stdout.write(`\n${name}\n`);
    const from = process.hrtime.bigint();
    await bench(options);
    process.stderr.write(`${name}: ${seconds(from).toFixed(0)} s\n`);
  }
});

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number over 0.');
  return value;
}

program.parseAsync().catch((error: unknown) => {
  console.error(error);
  // What a failed benchmark left running would keep the process.
  process.exit(1);
});
