import { openStores } from '@latchkey/database';
import { EventStoreDb } from '@latchkey/event-sourcing';
import { type Config, loadConfig } from '@latchkey/platform';
import { existsSync } from 'node:fs';
import { reachEventStore } from '../event-store';
import { clockOf } from '../stores';
import { claimMode } from '../../mode';
import { markedEventStore } from '../../stores/marked-event-store';
import { bad, checked, type Finding, ok } from './check';
import { machineChecks, versionOfProgram } from './machine';
import { outsideChecks } from './outside';
import { type Patient, storeChecks } from './stores';

/**
 * Looks at everything that a server needs, and says how it stands, one thing after the other. What
 * can't be looked at because something before it is wrong is left out.
 */
export async function* examine(env: NodeJS.ProcessEnv): AsyncIterable<Finding> {
  let config: Config | undefined;
  yield await checked('settings', 'README.md lists the settings', () => {
    config = loadConfig(env);
    return ok(`Latchkey ${versionOfProgram()} on Node ${process.versions.node}, ${kindOf(config)}`);
  });
  if (!config) return;
  if (!existsSync(config.dataDir)) {
    const nothing = bad(`there is no ${config.dataDir}`, 'start the server once, or set DATA_DIR');
    yield { check: 'data folder', ...nothing };
    return;
  }
  for (const machine of machineChecks(config)) yield await machine;
  yield* examineStores(config, env);
}

const kindOf = ({ sandbox, roles }: Config): string =>
  `${sandbox ? 'a sandbox' : 'real locks'}, ${roles.join(' and ')}`;

async function* examineStores(config: Config, env: NodeJS.ProcessEnv): AsyncIterable<Finding> {
  const ends: (() => Promise<void>)[] = [];
  let patient: Patient | undefined;
  try {
    yield await checked('stores', 'mend what it names: nothing works without it', async () => {
      patient = await open(config, ends);
      if (config.eventstoreUrl !== undefined) return ok('opened, as the server does');
      return ok(patient.isRunning ? 'the server has them open' : 'no server runs on them');
    });
    if (!patient) return;
    for (const check of [...storeChecks(patient), ...outsideChecks(patient, env)]) yield await check();
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function open(config: Config, ends: (() => Promise<void>)[]): Promise<Patient> {
  const { eventstoreUrl } = config;
  const reached = eventstoreUrl === undefined ? await reachEventStore(config) : undefined;
  if (reached) ends.push(() => reached.close());
  const stores = await openStores(config);
  ends.push(() => stores.close());
  await claimMode(stores.records, config);
  const bare = new EventStoreDb(eventstoreUrl ?? reached!.address);
  ends.push(() => bare.close());
  const store = await markedEventStore(bare, stores.records, stores.vault);
  // Where others may be at work on it as well, somebody is.
  return { config, stores, bare, store, clock: clockOf(config), isRunning: reached?.isRunning ?? true };
}
