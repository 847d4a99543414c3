import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** Seconds; a request to the API is answered within a few hundredths, a lock within seconds. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const LOCK_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What is counted as it happens; gauges that are read when somebody asks are added by `collect`. Nothing names a code. */
export class Metrics {
  readonly registry = new Registry();
  private readonly requests = new Histogram({
    name: 'latchkey_http_request_duration_seconds',
    help: 'Requests to the API, from the first byte to the answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: REQUEST_SECONDS,
    registers: [this.registry],
  });
  private readonly lockCommands = new Histogram({
    name: 'latchkey_lock_command_duration_seconds',
    help: 'Commands to locks, until their maker has answered',
    labelNames: ['command', 'maker', 'outcome'] as const,
    buckets: LOCK_SECONDS,
    registers: [this.registry],
  });
  private readonly webhooks = new Counter({
    name: 'latchkey_webhook_attempts_total',
    help: 'Messages to webhook endpoints that were tried',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** @param route as it is declared, not as it was asked for; null: there is none */
  requestAnswered(of: { method: string; route: string | null; status: number; ms: number }): void {
    const { method, route, status, ms } = of;
    this.requests.observe({ method, route: route ?? 'none', status: String(status) }, ms / 1000);
  }

  lockAnswered(of: { command: string; maker: string; outcome: string; ms: number }): void {
    const { ms, ...labels } = of;
    this.lockCommands.observe(labels, ms / 1000);
  }

  webhookTried(outcome: 'delivered' | 'failed'): void {
    this.webhooks.inc({ outcome });
  }
}
