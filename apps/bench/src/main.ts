import { benchAppends, benchEventStore, benchKills } from './eventstore/bench-eventstore';
import { benchAgenda } from './agenda/bench-agenda';
import { benchApi } from './api/bench-api';
import { benchFleet } from './fleet/fleet';

/** Each benchmark by its name: `npm run bench -- NAME`. */
const benchmarks: Record<string, () => Promise<void>> = {
  api: () => benchApi(),
  agenda: () => benchAgenda(),
  fleet: benchFleet,
  eventstore: () => benchEventStore(),
  'eventstore-appends': () => benchAppends(),
  'eventstore-kills': () => benchKills(),
};

async function main(): Promise<void> {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name));
  if (names.length === 0 || unknown.length > 0) {
    process.stderr.write(
      `usage: npm run bench -- NAME …, with NAME one of ${Object.keys(benchmarks).join(', ')}\n`,
    );
    process.exitCode = 2;
    return;
  }
  for (const name of names) await benchmarks[name]!();
}

main().catch((error: unknown) => {
  console.error(error);
  // What a failed benchmark left running would keep the process.
  process.exit(1);
});
