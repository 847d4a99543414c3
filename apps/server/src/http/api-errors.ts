import { Refusal } from '@latchkey/event-sourcing';
import { isTransient } from '@latchkey/database';
import { ViewsBehind } from '@latchkey/event-sourcing';
import { ApiError, type Logger, LOGGER, redactUrl } from '@latchkey/platform';
import { HttpException, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { refusalInApiTerms } from './refusals';

/** What a client is told of an error; what was not meant for it is logged, and it gets a hint alone. */
@Injectable()
export class ApiErrors {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  from(error: unknown, request: FastifyRequest): ApiError {
    if (error instanceof ApiError) {
      if (error.status >= 500 && !logged.has(error))
        this.logger.warn({ err: error, requestId: request.id }, 'request failed');
      return error;
    }
    if (error instanceof Refusal) return refusalInApiTerms(error);
    const status = statusOf(error);
    if (status !== undefined && status < 500) return clientFault(status, request);
    const path = pathOf(request);
    if (isTransient(error)) {
      this.logger.warn({ err: error, requestId: request.id, path }, 'a request was refused');
      const told = ApiError.unavailable(error instanceof ViewsBehind ? DONE : NOT_NOW, RETRY_AFTER_S);
      logged.add(told);
      return told;
    }
    this.logger.error({ err: error, requestId: request.id, method: request.method, path }, 'request failed');
    const told = new ApiError(
      500,
      'internal_error',
      'Something went wrong on our side. The request id tells us what.',
    );
    logged.add(told);
    return told;
  }
}

const NOT_NOW = 'The server can not do this at the moment. Ask again.';
const DONE =
  'What was asked for is done, and can not be shown yet. Ask again, with the same Idempotency-Key.';
/** What was away is mostly back after this long, s. */
const RETRY_AFTER_S = 2;

const logged = new WeakSet<ApiError>();

/** What Nest and Fastify themselves throw says its status. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode, code } = (error ?? {}) as { statusCode?: unknown; code?: unknown };
  return typeof statusCode === 'number' && String(code).startsWith('FST_') ? statusCode : undefined;
}

function clientFault(status: number, request: FastifyRequest): ApiError {
  switch (status) {
    case 404:
      return new ApiError(404, 'not_found', 'There is no such endpoint.');
    case 405:
      return ApiError.methodNotAllowed();
    case 415:
      return new ApiError(
        415,
        'unsupported_media_type',
        'The body must be JSON: content-type application/json.',
      );
    case 413:
      return ApiError.invalidInput('The body is too big.');
    default:
      return new ApiError(status, 'invalid_input', `The request to ${pathOf(request)} is not valid.`);
  }
}

const pathOf = (request: FastifyRequest) => redactUrl(request.url.split('?', 1)[0]!).slice(0, 200);
