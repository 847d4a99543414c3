import type { Permission, Records } from '@latchkey/database';
import { type Counters, type EdgeRequest, RateLimit } from '@latchkey/http';
import {
  ApiError,
  type Clock,
  CLOCK,
  type Config,
  CONFIG,
  type Logger,
  LOGGER,
  RECORDS,
} from '@latchkey/platform';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FailedAttempts } from './failed-attempts';

/** Counters, where limits are counted */
export const RATE_COUNTERS = Symbol('RATE_COUNTERS');

/** What a request must meet. */
export interface Terms {
  /** The verbs that are answered. */
  readonly verbs: readonly string[];
  readonly sandboxOnly: boolean;
  /** Answers without an API key. */
  readonly open: boolean;
  /** The permission that an API key needs, if any. */
  readonly permission: Permission | undefined;
}

/** Lets a request in: an endpoint that is there, a verb that it answers, a key that is good. */
@Injectable()
export class Admission implements OnModuleDestroy {
  private readonly attempts = new FailedAttempts();
  private readonly perKey: RateLimit;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(RECORDS) private readonly records: Records,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(RATE_COUNTERS) counters: Counters,
  ) {
    this.perKey = new RateLimit('key', config.rateLimitPerKey, counters);
  }

  /** @throws {ApiError} to the request that is not let in; notes on the others who they are from */
  async admit(request: FastifyRequest & EdgeRequest, reply: FastifyReply, terms: Terms): Promise<void> {
    if (terms.sandboxOnly && !this.config.sandbox) {
      throw new ApiError(404, 'not_found', 'There is no such endpoint.');
    }
    if (!terms.verbs.includes(request.method)) {
      const allowed = terms.verbs.join(', ');
      void reply.header('allow', allowed);
      throw ApiError.methodNotAllowed(`This endpoint answers ${allowed}.`);
    }
    if (!terms.open) await this.authenticate(request, terms.permission);
  }

  onModuleDestroy(): void {
    this.attempts.release();
  }

  private async authenticate(
    request: FastifyRequest & EdgeRequest,
    permission: Permission | undefined,
  ): Promise<void> {
    const token = tokenOf(request.headers.authorization);
    const key = token === undefined ? null : await this.records.apiKeys.find(token);
    if (!key) {
      // Without any key nobody is guessing one.
      if (token !== undefined) await this.attempts.failed(request.ip);
      throw ApiError.unauthorized();
    }
    const { apiKeyId, workspaceId, permissions } = key;
    await this.attempts.passed(request.ip, apiKeyId);
    await this.perKey.take(apiKeyId);
    if (permission !== undefined && !permissions.includes(permission)) throw ApiError.forbidden(permission);
    request.caller = {
      ...{ workspaceId, actor: { type: 'api_key', id: apiKeyId } },
      ...{ requestId: request.id, isFirstTry: true },
    };
    request.isStillAllowed = () => this.stillAllowed(token!, permission);
    this.records.apiKeys.touch(apiKeyId, this.clock.now()).catch((error: unknown) => {
      this.logger.warn({ err: error, apiKeyId }, "could not note an API key's use");
    });
  }

  private async stillAllowed(token: string, permission: Permission | undefined): Promise<boolean> {
    const key = await this.records.apiKeys.find(token);
    return key !== null && (permission === undefined || key.permissions.includes(permission));
  }
}

const BEARER = /^Bearer +(seam_[\w-]{1,250})$/i;

function tokenOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : (BEARER.exec(authorization)?.[1] ?? '');
}
