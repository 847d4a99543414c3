import { AuditProjection, type AuditTables, ChainSigner, ChainSigning } from '@latchkey/audit';
import type { Database, Stores } from '@latchkey/database';
import { forgetAccount } from '@latchkey/devices';
import type { PersistentSubscriptions, SharedSubscription } from '@latchkey/event-sourcing';
import type { Clock, ClockWatch, Config, Ids, Logger, Random } from '@latchkey/platform';
import {
  FeedProjection,
  type FeedTail,
  listedInFeed,
  type SubscriberLogins,
  Translator,
  Webhooks,
} from '@latchkey/public-events';
import { Core } from '../core/core';
import { TracedGateway } from '../tracing/traced-gateway';
import type { StartedTracing } from './tracing';
import type { Metrics } from '../metrics/metrics';
import { keepsExpired } from './expired-codes';
import type { FactsStore } from '../stores/facts-store';
import type { Locks } from './gateway';
import { viewsOfQueries } from '../stores/views';

/** What nearly every part of the server is made of. */
export interface Parts extends FactsStore {
  readonly config: Config;
  readonly clock: Clock;
  readonly clockWatch?: ClockWatch | undefined;
  readonly ids: Ids;
  readonly random: Random;
  readonly logger: Logger;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly stores: Stores<any>;
  /** Groups of consumers of the event store's. */
  readonly persistent: PersistentSubscriptions;
  /** Logins of subscribers; undefined where the event store's users are not ours to make. */
  readonly logins: SubscriberLogins | undefined;
  /** Where they are asked for: METRICS_PORT. */
  readonly metrics?: Metrics | undefined;
  /** Where they are asked for: OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly tracing?: StartedTracing | undefined;
  /** What tells listeners of events that the feed has just folded. */
  readonly tail: FeedTail;
  /** Where the event store is reached. */
  readonly address: string;
}

/**
 * The domain with its views, and what tells integrations of it.
 * @param onErasure told when names of codes are to be erased
 */
export function makeCore(
  parts: Parts,
  { gateway, reportAddresses, connections }: Locks,
  signing: ChainSigning,
  onErasure: () => void,
): Core {
  const { config, clock, clockWatch, ids, random, logger, stores, store, metrics, tail, tracing } = parts;
  const { records, vault } = stores;
  const core: Core = new Core({
    ...{ config, store, database: stores.views, vault, clock, clockWatch, ids, random, logger },
    gateway: tracing ? new TracedGateway(gateway, tracing.tracing) : gateway,
    onLook: tracing && ((codeId, look) => tracing.look(codeId, look)),
    views: viewsOfQueries(onErasure),
    feed: {
      database: stores.feed,
      translator: new Translator(store, config, listedInFeed),
      projection: new FeedProjection((events) => tail.take(events)),
    },
    audit: { database: stores.audit, projection: new AuditProjection((events) => signing.linked(events)) },
    keepsExpired: keepsExpired(stores, config),
    onLockAnswer: metrics && ((answer) => metrics.lockAnswered(answer)),
    forgetAccount: (accountId, maker) =>
      forgetAccount({ accountId, maker }, { records, gateway, reportAddresses, connections, logger }),
  });
  return core;
}

/** Signs the chains of facts, with the server's key. */
export async function makeSigning({ store, stores, clock, ids, logger }: Parts): Promise<ChainSigning> {
  const signer = await ChainSigner.open(stores.records.settings);
  const database = stores.audit as Database<AuditTables>;
  return new ChainSigning({ store, database, signer, clock, ids, logger });
}

/** @param shared the public streams, as the feed follows them */
export function makeWebhooks(parts: Parts, shared: SharedSubscription): Webhooks {
  const { config, clock, clockWatch, ids, random, logger, stores, store, metrics } = parts;
  const webhooks = new Webhooks({
    store,
    shared,
    database: stores.recordsDatabase,
    endpoints: stores.records.webhookEndpoints,
    vault: stores.vault,
    clock,
    ids,
    random,
    logger,
    config,
    onTried: metrics && ((outcome) => metrics.webhookTried(outcome)),
  });
  clockWatch?.onJump((by) => {
    if (by === 0) return;
    webhooks.deliveries.clockWasPut().catch((error: unknown) => {
      logger.error({ err: error }, 'webhooks could not be made due after the clock was put');
    });
  });
  return webhooks;
}
