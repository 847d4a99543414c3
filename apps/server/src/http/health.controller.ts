import type { Records } from '@latchkey/database';
import { Open } from '@latchkey/http';
import { RECORDS } from '@latchkey/platform';
import { Controller, Get, Inject, Injectable, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';

/** What must work for requests to be served. Every part of the server may add to it. */
@Injectable()
export class Readiness {
  private readonly checks = new Map<string, () => Promise<unknown>>();

  constructor(@Inject(RECORDS) records: Records) {
    this.add('records', () => records.settings.get('health'));
  }

  /** @param check throws, or never answers, as long as requests can't be served */
  add(name: string, check: () => Promise<unknown>): void {
    this.checks.set(name, check);
  }

  all(): ReadonlyMap<string, () => Promise<unknown>> {
    return this.checks;
  }
}

/** A check without an answer for so long has failed, ms. */
const CHECK_WITHIN_MS = 2_000;

/** For load balancers and orchestrators: whether to send requests here, and whether to start us anew. */
@Open()
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly readiness: Readiness,
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
    try {
      return await this.health.check(checks);
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      void reply.code(503);
      return error.getResponse() as object;
    }
  }

  private async check(name: string, check: () => Promise<unknown>) {
    const indicator = this.indicators.check(name);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer')), CHECK_WITHIN_MS);
    });
    try {
      await Promise.race([check(), late]);
      return indicator.up();
    } catch {
      return indicator.down();
    } finally {
      clearTimeout(timer);
    }
  }
}
