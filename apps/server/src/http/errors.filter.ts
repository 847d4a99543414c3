import { ApiError, type Logger, LOGGER } from '@latchkey/platform';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorAnswer } from './answers';

/** Answers every error in the API's shape; what was not meant for the client is logged and only hinted at. */
@Catch()
export class ErrorsFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const answer = errorAnswer(this.toApiError(error, request));
    if (reply.sent) return;
    void reply.code(answer.status).headers(answer.headers).send(answer.body);
  }

  private toApiError(error: unknown, request: FastifyRequest): ApiError {
    if (error instanceof ApiError) {
      if (error.status >= 500) this.logger.warn({ err: error, requestId: request.id }, 'request failed');
      return error;
    }
    const status = statusOf(error);
    if (status !== undefined && status < 500) return clientFault(status, request);
    const path = request.url.split('?', 1)[0];
    this.logger.error({ err: error, requestId: request.id, method: request.method, path }, 'request failed');
    return new ApiError(
      500,
      'internal_error',
      'Something went wrong on our side. The request id tells us what.',
    );
  }
}

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

const pathOf = (request: FastifyRequest) => request.url.split('?', 1)[0]!.slice(0, 200);
