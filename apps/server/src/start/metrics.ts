import type { ProjectionRunner } from '@latchkey/event-sourcing';
import type { Webhooks } from '@latchkey/public-events';
import type { Core } from '../core/core';
import { observe } from '../metrics/gauges';
import { serveMetrics } from '../metrics/serve-metrics';
import type { Parts } from './core';
import type { Started } from '../started';

/** More than so many pieces of waiting work are not counted: an operator knows enough by then. */
const COUNTED_AT_MOST = 10_000;

/** Answers METRICS_PORT, where that is set, from now on: the building of views can be watched there. */
export async function startMetrics(
  { config, metrics, clock, store, stores }: Parts,
  core: Core,
  webhooks: Webhooks,
  views: readonly ProjectionRunner[],
  started: Started,
): Promise<void> {
  if (!metrics) return;
  observe(metrics, {
    store,
    views,
    dueWork: {
      codes: {
        state: () => core.executor.state,
        waiting: () => core.rows.waiting(clock.now(), COUNTED_AT_MOST),
      },
      webhooks: {
        state: () => webhooks.deliveries.state,
        waiting: () => webhooks.deliveries.rows.waiting(clock.now(), COUNTED_AT_MOST),
      },
    },
    databases: [stores.views, stores.feed, stores.audit, stores.recordsDatabase],
  });
  await serveMetrics(metrics, config, started);
}
