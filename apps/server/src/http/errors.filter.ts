import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorAnswer } from './answers';
import { ApiErrors } from './api-errors';

/** Answers every error in the API's shape. */
@Catch()
export class ErrorsFilter implements ExceptionFilter {
  constructor(private readonly errors: ApiErrors) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const answer = errorAnswer(this.errors.from(error, request));
    if (reply.sent) return;
    void reply.code(answer.status).headers(answer.headers).send(answer.body);
  }
}
