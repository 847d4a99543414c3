import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Stores } from '@latchkey/database';
import { spawnNode, UsersOfNode } from '@latchkey/embedded-eventstore';
import { EventStoreDb, type PersistentSubscriptions } from '@latchkey/event-sourcing';
import { type Config, type Logger, MINUTE, Outage, StartupError } from '@latchkey/platform';
import type { SubscriberLogins } from '@latchkey/public-events';
import { NodeLogins } from '../subscribers/node-logins';
import { type FactsStore, factsStore } from '../stores/facts-store';
import type { Started } from '../started';

export interface OpenedEventStore extends FactsStore {
  readonly persistent: PersistentSubscriptions;
  readonly logins: SubscriberLogins | undefined;
  /** Where it is reached. */
  readonly address: string;
}

/**
 * The event store of EVENTSTORE_URL, or else the embedded one, as a process of its own, with what was archived of it.
 * Only marked events count. Waits until it answers.
 * @throws {StartupError} when the embedded one does not start
 * @throws {Outage} when it does not answer within a minute
 * @throws {StoreDamaged} that names an archive file which is missing or damaged
 */
export async function openEventStore(
  config: Config,
  stores: Pick<Stores<unknown>, 'records' | 'vault'>,
  started: Started,
  logger: Logger,
): Promise<OpenedEventStore> {
  warnOfOpenStore(config, logger);
  const address = config.eventstoreUrl ?? (await startEmbedded(config, started));
  const store = new EventStoreDb(address);
  started.add(() => store.close());
  await answering(store, logger);
  const { persistent } = store;
  return {
    ...(await factsStore(store, config, stores)),
    ...{ persistent, address, logins: loginsAt(address, config, started) },
  };
}

/** Users of an event store of the operator's own are not ours to make. */
function loginsAt(address: string, config: Config, started: Started): SubscriberLogins | undefined {
  if (config.eventstoreUrl !== undefined) return undefined;
  const users = new UsersOfNode(address);
  started.add(() => users.close());
  return new NodeLogins(users, config);
}

/** Without TLS anyone on the network path, or with access to the store, can read and write everything. */
function warnOfOpenStore({ eventstoreUrl }: Config, logger: Logger): void {
  if (eventstoreUrl === undefined || !/[?&]tls=false(&|$)/i.test(eventstoreUrl)) return;
  logger.warn(
    'EVENTSTORE_URL is without TLS: anyone who reaches that event store can read, write and delete everything in it. Keep it on a network of its own, or give it certificates and logins.',
  );
}

/** A store that starts at the same time as we do is waited for this long, ms. */
const ANSWERS_WITHIN_MS = MINUTE;
const ASK_AGAIN_MS = 500;

/** @throws {Outage} when it has not answered after a minute */
async function answering(store: EventStoreDb, logger: Logger): Promise<void> {
  const until = performance.now() + ANSWERS_WITHIN_MS;
  for (;;) {
    try {
      await store.ping();
      return;
    } catch (error) {
      if (!(error instanceof Outage)) return;
      if (performance.now() > until) throw error;
      logger.warn({ err: error }, 'waiting for the event store');
      await delay(ASK_AGAIN_MS);
    }
  }
}

/** @returns its connection string */
async function startEmbedded(config: Config, started: Started): Promise<string> {
  const dataDir = join(config.dataDir, 'eventstore');
  const node = await spawnNode({ dataDir, port: config.eventstorePort, access: 'private' }).catch(
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      // The store does not know by which setting it was given its port.
      throw new StartupError(
        `The event store can't start: ${reason.replace(/^port (?=\d)/, 'EVENTSTORE_PORT ')}`,
      );
    },
  );
  started.addProcess('the event store', node);
  return node.connectionString;
}
