import type { Permission, Records } from '@latchkey/database';
import {
  actsOnGet,
  allowedBy,
  type Counters,
  type EdgeRequest,
  endpointOf,
  isOpen,
  RateLimit,
} from '@latchkey/http';
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
import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FailedAttempts } from './failed-attempts';

/** Counters, where limits are counted */
export const RATE_COUNTERS = Symbol('RATE_COUNTERS');

/** Lets a request in: an endpoint that is there, a verb that it answers, a key that is good. */
@Injectable()
export class EdgeGuard implements CanActivate, OnModuleDestroy {
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

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & EdgeRequest>();
    const endpoint = endpointOf(context.getHandler());
    if (endpoint?.sandboxOnly && !this.config.sandbox) {
      throw new ApiError(404, 'not_found', 'There is no such endpoint.');
    }
    const allowed = allowedVerbs(context.getHandler(), request.method);
    if (!allowed.includes(request.method)) {
      void context.switchToHttp().getResponse<FastifyReply>().header('allow', allowed.join(', '));
      throw ApiError.methodNotAllowed(`This endpoint answers ${allowed.join(', ')}.`);
    }
    if (!isOpen(context.getHandler(), context.getClass())) {
      await this.authenticate(request, endpoint?.permission);
    }
    return true;
  }

  private async stillAllowed(token: string, permission: Permission | undefined): Promise<boolean> {
    const key = await this.records.apiKeys.find(token);
    return key !== null && (permission === undefined || key.permissions.includes(permission));
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
}

/** @param routed the verb that led here; except for HEAD it is one that is answered, where nothing says otherwise */
function allowedVerbs(handler: object, routed: string): string[] {
  const endpoint = endpointOf(handler);
  if (endpoint) return allowedBy(endpoint);
  return actsOnGet(handler) ? ['GET'] : [routed];
}

const BEARER = /^Bearer +(seam_[\w-]{1,250})$/i;

function tokenOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : (BEARER.exec(authorization)?.[1] ?? '');
}
