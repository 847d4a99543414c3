import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { IdempotencyInterceptor } from './idempotency/idempotency.interceptor';
import { LongAnswersInterceptor } from './long-answers.interceptor';
import { OkInterceptor } from './ok.interceptor';

/**
 * All that is done around a handler, one in the other: how its answer is written, whether it is asked at all, and what
 * is added to its answer. In one, since each that Nest calls costs a request more than what it does.
 */
@Injectable()
export class AnswersInterceptor implements NestInterceptor {
  constructor(
    private readonly long: LongAnswersInterceptor,
    private readonly idempotency: IdempotencyInterceptor,
    private readonly ok: OkInterceptor,
  ) {}

  intercept(context: ExecutionContext, handler: CallHandler<object | undefined>): Observable<unknown> {
    const withOk: CallHandler = { handle: () => this.ok.intercept(context, handler) };
    const once: CallHandler = { handle: () => this.idempotency.intercept(context, withOk) };
    return this.long.intercept(context, once);
  }
}
