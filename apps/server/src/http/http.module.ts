import type { Database } from '@latchkey/database';
import { type Counters, DeviceLimits, RepeatableDeletes, sharedCounters } from '@latchkey/http';
import {
  type Clock,
  CLOCK,
  type Config,
  CONFIG,
  RECORDS_DATABASE,
  VAULT,
  type Vault,
} from '@latchkey/platform';
import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { Admission, RATE_COUNTERS } from './admission';
import { ApiErrors } from './api-errors';
import { DocumentsController } from './documents/documents.controller';
import { OpenApi } from './documents/openapi-text';
import { EdgeGuard } from './edge.guard';
import { ErrorsFilter } from './errors.filter';
import { HealthController } from './health/health.controller';
import { Readiness } from './health/readiness';
import { Serving } from './health/serving';
import { BegunDeleteRecords } from './idempotency/begun-deletes';
import { Idempotency } from './idempotency/idempotency';
import { IdempotencyRecords } from './idempotency/idempotency-records';
import { OkAnswers } from './ok-answers';
import { SandboxClockController } from './sandbox-clock.controller';
import { WorkspacesController } from './workspaces.controller';

/**
 * The HTTP edge: who may come in, what an error looks like, and the endpoints of the server itself. Needs the
 * tokens CONFIG, CLOCK, RECORDS, RECORDS_DATABASE, VAULT and LOGGER from a global module, SANDBOX_CLOCK in the sandbox,
 * CqrsModule, and an application made on `httpAdapter()` and passed through `configureHttp`.
 */
@Global()
@Module({
  imports: [DiscoveryModule, TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController, DocumentsController, WorkspacesController, SandboxClockController],
  providers: [
    Readiness,
    Serving,
    ApiErrors,
    OpenApi,
    {
      provide: IdempotencyRecords,
      inject: [RECORDS_DATABASE, CLOCK, VAULT],
      useFactory: (database: Database<unknown>, clock: Clock, vault: Vault) =>
        IdempotencyRecords.open(database, clock, vault),
    },
    {
      provide: RepeatableDeletes,
      inject: [RECORDS_DATABASE],
      useFactory: async (database: Database<unknown>) =>
        new RepeatableDeletes(await BegunDeleteRecords.open(database)),
    },
    {
      provide: RATE_COUNTERS,
      inject: [RECORDS_DATABASE],
      useFactory: (database: Database<unknown>) => sharedCounters(database),
    },
    {
      provide: DeviceLimits,
      inject: [CONFIG, RATE_COUNTERS],
      useFactory: (config: Config, counters: Counters) =>
        new DeviceLimits(
          {
            create: config.rateLimitCreate,
            update: config.rateLimitUpdate,
            delete: config.rateLimitDelete,
            operate: config.rateLimitOperate,
          },
          counters,
        ),
    },
    Admission,
    { provide: APP_GUARD, useClass: EdgeGuard },
    ErrorsFilter,
    { provide: APP_FILTER, useExisting: ErrorsFilter },
    Idempotency,
    OkAnswers,
  ],
  exports: [Readiness, DeviceLimits, RepeatableDeletes],
})
export class HttpModule {}
