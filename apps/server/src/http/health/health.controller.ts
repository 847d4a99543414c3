import { Open } from '@latchkey/http';
import { Controller, Get, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { Readiness, reasonOf } from './readiness';
import { Serving } from './serving';

/** What a load balancer that asks is told to wait, s. */
const RETRY_AFTER_S = 2;

/** For load balancers and orchestrators: whether to send requests here, and whether to start us again. */
@Open()
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly readiness: Readiness,
    private readonly serving: Serving,
  ) {}

  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const checks = [...this.readiness.all()].map(
      ([name, check]) =>
        () =>
          this.check(name, check),
    );
    if (this.serving.isStopping) checks.unshift(() => this.check('server', stopping));
    try {
      return await this.health.check(checks);
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      void reply.code(503).header('retry-after', String(RETRY_AFTER_S));
      return error.getResponse() as object;
    }
  }

  private async check(name: string, check: () => Promise<unknown>) {
    const indicator = this.indicators.check(name);
    try {
      await this.readiness.run(check);
      return indicator.up();
    } catch (error) {
      return indicator.down(reasonOf(error));
    }
  }
}

const stopping = (): Promise<never> => Promise.reject(new Error('the server is stopping'));
