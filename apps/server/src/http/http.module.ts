import { type DynamicModule, Global, Module, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import { TerminusModule } from '@nestjs/terminus';
import { EdgeGuard } from './edge.guard';
import { ErrorsFilter } from './errors.filter';
import { HealthController, Readiness } from './health.controller';
import { OkInterceptor } from './ok.interceptor';
import { SandboxClockController } from './sandbox-clock.controller';
import { WorkspacesController } from './workspaces.controller';

/**
 * The HTTP edge: who may come in, what an error looks like, and the endpoints of the server itself. Needs the
 * tokens CONFIG, CLOCK, RECORDS and LOGGER from a global module, SANDBOX_CLOCK in the sandbox, and an application
 * made on `httpAdapter()` and passed through `configureHttp`.
 */
@Global()
@Module({})
export class HttpModule {
  /** @param controllers those of the features */
  static with(controllers: Type[]): DynamicModule {
    return {
      module: HttpModule,
      imports: [CqrsModule.forRoot(), TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController, WorkspacesController, SandboxClockController, ...controllers],
      providers: [
        Readiness,
        { provide: APP_GUARD, useClass: EdgeGuard },
        { provide: APP_FILTER, useClass: ErrorsFilter },
        { provide: APP_INTERCEPTOR, useClass: OkInterceptor },
      ],
      exports: [Readiness],
    };
  }
}
