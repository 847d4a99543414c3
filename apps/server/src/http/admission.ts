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
import type { Socket } from 'node:net';
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

type Find = ReturnType<Records['apiKeys']['finder']>;

/** What the requests of one connection came with last: mostly it is what the next one comes with, too. */
interface Presented {
  readonly authorization: string;
  readonly find: Find;
  /** The key that is known to be good for the connection's address. */
  passed?: string;
}

/** Lets a request in: an endpoint that is there, a verb that it answers, a key that is good. */
@Injectable()
export class Admission implements OnModuleDestroy {
  private readonly attempts = new FailedAttempts();
  private readonly perKey: RateLimit;
  private readonly presented = new WeakMap<Socket, Presented>();

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
  admit(request: FastifyRequest & EdgeRequest, reply: FastifyReply, terms: Terms): Promise<void> | undefined {
    if (terms.sandboxOnly && !this.config.sandbox) {
      throw new ApiError(404, 'not_found', 'There is no such endpoint.');
    }
    if (!terms.verbs.includes(request.method)) {
      const allowed = terms.verbs.join(', ');
      void reply.header('allow', allowed);
      throw ApiError.methodNotAllowed(`This endpoint answers ${allowed}.`);
    }
    return terms.open ? undefined : this.authenticate(request, terms.permission);
  }

  onModuleDestroy(): void {
    this.attempts.release();
  }

  private async authenticate(
    request: FastifyRequest & EdgeRequest,
    permission: Permission | undefined,
  ): Promise<void> {
    // Without any key nobody is guessing one.
    if (request.headers.authorization === undefined) throw ApiError.unauthorized();
    const presented = this.presentedBy(request.socket, request.headers.authorization);
    const key = await presented.find();
    if (!key) {
      await this.attempts.failed(request.ip);
      throw ApiError.unauthorized();
    }
    const { apiKeyId, workspaceId, permissions } = key;
    if (presented.passed !== apiKeyId) {
      await this.attempts.passed(request.ip, apiKeyId);
      presented.passed = apiKeyId;
    }
    const taking = this.perKey.take(apiKeyId);
    if (taking) await taking;
    if (permission !== undefined && !permissions.includes(permission)) throw ApiError.forbidden(permission);
    const actor = { type: 'api_key', id: apiKeyId } as const;
    request.caller = { workspaceId, actor, requestId: request.id, isFirstTry: true };
    request.isStillAllowed = () => stillAllowed(presented.find, permission);
    this.records.apiKeys.touch(apiKeyId, this.clock.now())?.catch((error: unknown) => {
      this.logger.warn({ err: error, apiKeyId }, "could not note an API key's use");
    });
  }

  private presentedBy(connection: Socket, authorization: string): Presented {
    const before = this.presented.get(connection);
    if (before?.authorization === authorization) return before;
    const find = this.records.apiKeys.finder(tokenOf(authorization));
    const presented = { authorization, find };
    this.presented.set(connection, presented);
    return presented;
  }
}

async function stillAllowed(find: Find, permission: Permission | undefined): Promise<boolean> {
  const key = await find();
  return key !== null && (permission === undefined || key.permissions.includes(permission));
}

const BEARER = /^Bearer +(seam_[\w-]{1,250})$/i;

const tokenOf = (authorization: string): string => BEARER.exec(authorization)?.[1] ?? '';
