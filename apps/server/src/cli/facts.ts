import { Streams } from '@latchkey/access-codes';
import { AuditProjection, type AuditTables, ChainSigner, CodeFacts, Doors } from '@latchkey/audit';
import { type Database, openStores, type Stores } from '@latchkey/database';
import { DeviceStreams } from '@latchkey/devices';
import {
  type EventStore,
  EventStoreDb,
  type Projection,
  ProjectionRunner,
  type Tables,
} from '@latchkey/event-sourcing';
import {
  type Clock,
  type Config,
  createLogger,
  type Ids,
  type Logger,
  RandomIds,
  SystemClock,
} from '@latchkey/platform';
import { claimMode } from '../mode';
import { sandboxTime } from '../sandbox/clock-memory';
import { type FactsStore, factsStore } from '../stores/facts-store';
import { settingsOfServer } from './command-line';
import { reachEventStore } from './event-store';

/** What a command reads facts and views by, beside a running server or without one. */
export interface Facts extends FactsStore {
  readonly config: Config;
  readonly stores: Stores<AuditTables>;
  readonly streams: Streams;
  readonly doors: Doors;
  readonly clock: Clock;
  /** What the server's clock reads, ms. */
  readonly now: number;
  readonly signer: ChainSigner;
  /** Where the event store is reached. */
  readonly address: string;
  /** No server runs on the data folder. */
  readonly isAlone: boolean;
  readonly ids: Ids;
  readonly logger: Logger;
}

/** The index is as it is read: nothing has to be waited for. */
export const CAUGHT_UP = { caughtUp: () => Promise.resolve() };

/**
 * Reads the facts of the settings' data folder and event store. The audit's index is the running server's; where none
 * runs it is brought up to date first.
 * @throws {Refusal} in one line, where they can't be reached
 */
export async function withFacts(
  env: NodeJS.ProcessEnv,
  work: (facts: Facts) => Promise<void>,
): Promise<void> {
  const config = settingsOfServer(env);
  const ends: (() => Promise<void>)[] = [];
  try {
    const reached = config.eventstoreUrl === undefined ? await reachEventStore(config) : undefined;
    if (reached) ends.push(() => reached.close());
    const stores = await openStores<AuditTables>(config);
    ends.push(() => stores.close());
    await claimMode(stores.records, config);
    const address = config.eventstoreUrl ?? reached!.address;
    const plain = new EventStoreDb(address);
    ends.push(() => plain.close());
    const facts = await factsStore(plain, config, stores);
    const { store } = facts;
    const [clock, ids, logger] = [new SystemClock(), new RandomIds(), createLogger('fatal')];
    const isAlone = reached !== undefined && !reached.isRunning;
    if (isAlone) await bringUpToDate(store, stores.audit as Database<Tables>, new AuditProjection(), clock);
    const streams = new Streams(
      store,
      clock,
      ids,
      new DeviceStreams(store, clock, ids),
      stores.vault,
      logger,
    );
    const now = (config.sandbox ? sandboxTime(config.dataDir) : undefined) ?? clock.now();
    const signer = await ChainSigner.open(stores.records.settings);
    const doors = new Doors(stores.audit, CAUGHT_UP, streams, new CodeFacts(streams));
    await work({
      ...facts,
      address,
      isAlone,
      ids,
      logger,
      config,
      stores,
      streams,
      doors,
      clock,
      now,
      signer,
    });
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

/** Folds what the server had not folded when it ended. */
export async function bringUpToDate(
  store: EventStore,
  database: Database<Tables>,
  projection: Projection,
  clock: { now(): number },
): Promise<void> {
  const runner = new ProjectionRunner({ store, database, projection, clock });
  await runner.prepare();
  await runner.start();
  try {
    await runner.caughtUp;
  } finally {
    await runner.stop();
  }
}
