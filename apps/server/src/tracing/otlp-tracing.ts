import { AsyncLocalStorage } from 'node:async_hooks';
import type * as OpenTelemetry from '@opentelemetry/api';
import type { Context, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { Config } from '@latchkey/platform';
import type { BegunSpan, SpanAttributes, Tracing } from './tracing';

const NAME = 'latchkey';
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/**
 * Sends spans to where OTEL_EXPORTER_OTLP_ENDPOINT says; undefined where it says nothing. What that takes is loaded
 * only then.
 */
export async function openTracing({
  otlpEndpoint,
}: Pick<Config, 'otlpEndpoint'>): Promise<Tracing | undefined> {
  if (otlpEndpoint === undefined) return undefined;
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({ url: `${otlpEndpoint.replace(/\/$/, '')}/v1/traces` });
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': process.env['OTEL_SERVICE_NAME'] ?? NAME }),
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  });
  return new OtlpTracing(api, provider.getTracer(NAME), () => provider.shutdown());
}

class OtlpTracing implements Tracing {
  private readonly running = new AsyncLocalStorage<Span>();

  constructor(
    private readonly api: typeof OpenTelemetry,
    private readonly tracer: Tracer,
    private readonly shutDown: () => Promise<void>,
  ) {}

  get current(): string | undefined {
    const context = this.running.getStore()?.spanContext();
    if (!context) return undefined;
    return `00-${context.traceId}-${context.spanId}-${context.traceFlags.toString(16).padStart(2, '0')}`;
  }

  begin(name: string, attributes: SpanAttributes, parent?: string, link?: string): BegunSpan {
    const linked = spanOf(link);
    const links = linked ? [{ context: linked }] : [];
    const span = this.tracer.startSpan(name, { attributes, links }, this.contextOf(parent));
    return {
      within: (work) => this.running.run(span, work),
      end: (more, failed = false) => {
        if (more) span.setAttributes(more);
        if (failed) span.setStatus({ code: this.api.SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  close(): Promise<void> {
    // Where nobody takes them, that must not hold up the stop.
    return this.shutDown().catch(() => undefined);
  }

  private contextOf(parent: string | undefined): Context {
    const { trace, ROOT_CONTEXT } = this.api;
    const given = spanOf(parent);
    if (given) return trace.setSpanContext(ROOT_CONTEXT, given);
    const running = this.running.getStore();
    return running ? trace.setSpan(ROOT_CONTEXT, running) : ROOT_CONTEXT;
  }
}

/** The span that a traceparent names; undefined where it names none. */
function spanOf(traceparent: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, traceFlags: parseInt(flags!, 16), isRemote: true };
}
