export { httpAdapter } from './adapter';
export { configureHttp } from './configure-http';
export { closeUnused } from './connections';
export { Readiness } from './health/readiness';
export { Serving } from './health/serving';
export { HttpModule } from './http.module';
export { IdempotencyRecords } from './idempotency/idempotency-records';
export { CLOCK_SCHEMA, SANDBOX_CLOCK, type SandboxClockPort } from './sandbox-clock.controller';
export { EXAMPLES } from './documents/examples';
