import { ACCESS_CODE } from '@latchkey/access-codes';
import type { EventStore } from '@latchkey/event-sourcing';
import type { Config } from '@latchkey/platform';
import { openTracing } from '../tracing/otlp-tracing';
import { TracedEventStore } from '../tracing/traced-event-store';
import { traced, type Tracing } from '../tracing/tracing';
import type { Started } from '../started';

/** Traces, and what of the server they go through. */
export interface StartedTracing {
  readonly tracing: Tracing;
  readonly store: TracedEventStore;
  /** Runs a look at a code in the trace of what happened to it last. */
  look<T>(codeId: string, look: () => Promise<T>): Promise<T>;
}

/** Begins to keep traces, where OTEL_EXPORTER_OTLP_ENDPOINT says where they go; undefined otherwise. */
export async function startTracing(
  config: Config,
  events: EventStore,
  started: Started,
): Promise<StartedTracing | undefined> {
  const tracing = await openTracing(config);
  if (!tracing) return undefined;
  started.add(() => tracing.close());
  const store = new TracedEventStore(events, tracing);
  return {
    tracing,
    store,
    look: (codeId, look) => {
      const parent = store.lastTraceOf(`${ACCESS_CODE}-${codeId}`);
      // What nobody asked for while traces were kept would be a trace of its own each time.
      if (parent === undefined) return look();
      return traced(tracing, 'look at a code', { 'latchkey.access_code_id': codeId }, look, parent);
    },
  };
}
