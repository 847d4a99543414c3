import { type EdgeRequest, endpointOf } from '@latchkey/http';
import { ApiError, VAULT, type Vault } from '@latchkey/platform';
import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { ApiErrors } from '../api-errors';
import { IdempotencyRecords, type KeyedRequest } from './idempotency-records';
import { openAnswer, sealAnswer } from './sealed-answer';

const HEADER = 'idempotency-key';
const REPLAYED = 'idempotent-replayed';
const LONGEST_KEY = 255;

/**
 * A POST that comes again with the same Idempotency-Key and the same body is not done again: it is given the
 * first answer. Requests that were turned away before anything was done are not remembered, and neither is a fault of
 * ours or an outage: what was asked for is done, once, by the try that comes next.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly records: IdempotencyRecords,
    private readonly errors: ApiErrors,
    @Inject(VAULT) private readonly vault: Vault,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest & EdgeRequest>();
    const key = request.headers[HEADER];
    const applies = request.method === 'POST' && request.caller && endpointOf(context.getHandler());
    if (key === undefined || !applies) return next.handle();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return from(this.once(String(key), request, reply, next));
  }

  private async once(
    key: string,
    request: FastifyRequest & EdgeRequest,
    reply: FastifyReply,
    next: CallHandler,
  ): Promise<unknown> {
    if (key.length < 1 || key.length > LONGEST_KEY || !/^[\x20-\x7e]+$/.test(key)) {
      throw ApiError.invalidInput(`Idempotency-Key must be 1 to ${LONGEST_KEY} printable ASCII characters.`);
    }
    const keyed = this.keyed(key, request);
    const claim = await this.records.claim(keyed);
    switch (claim.kind) {
      case 'under-way':
        throw ApiError.conflict(
          'idempotency_key_in_use',
          'A request with this Idempotency-Key is still under way.',
        );
      case 'other-request':
        throw new ApiError(
          422,
          'idempotency_key_reused',
          'This Idempotency-Key came with another request before.',
        );
      case 'again':
        void reply.code(claim.status).header(REPLAYED, 'true');
        return openAnswer(this.vault, claim.body);
      case 'first':
        request.caller = { ...request.caller!, requestId: claim.requestId };
        return this.first(keyed, claim.keyId, request, next);
    }
  }

  private keyed(key: string, request: FastifyRequest & EdgeRequest): KeyedRequest {
    const { workspaceId } = request.caller!;
    const text = canonical([request.url.split('?', 1)[0], request.query, request.body ?? {}]);
    const fingerprint = (keyId: string) => this.vault.fingerprintUnder(keyId, `${workspaceId}\n${text}`);
    return { workspaceId, key, fingerprint, requestId: request.id };
  }

  private async first(
    keyed: KeyedRequest,
    keyId: string,
    request: FastifyRequest,
    next: CallHandler,
  ): Promise<unknown> {
    let body: unknown;
    try {
      body = await lastValueFrom(next.handle());
    } catch (thrown) {
      const error = this.errors.from(thrown, request);
      if (error.status >= 500) await this.leaveToNext(keyed);
      else if (nothingDone(error)) await this.records.release(keyed);
      else await this.keep(keyed, keyId, error.status, error.toBody());
      throw error;
    }
    await this.keep(keyed, keyId, 200, body);
    return body;
  }

  private async keep(keyed: KeyedRequest, keyId: string, status: number, body: unknown): Promise<void> {
    try {
      await this.records.answered(keyed, status, await sealAnswer(this.vault, body, keyId));
    } catch (error) {
      await this.leaveToNext(keyed);
      throw error;
    }
  }

  /** The error that is answered is the one that came first. */
  private async leaveToNext(keyed: KeyedRequest): Promise<void> {
    await this.records.leaveToNext(keyed).catch(() => undefined);
  }
}

/** Whether the request was turned away before it had any effect. */
function nothingDone({ status }: ApiError): boolean {
  return [400, 401, 405, 413, 415, 429].includes(status);
}

/** JSON with the keys of objects in order, so that equal requests are equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}
