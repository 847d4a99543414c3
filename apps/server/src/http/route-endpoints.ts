import { allowedBy, answersItself, argumentsOf, type Exchange, isOpen } from '@latchkey/http';
import { READ_BARRIER, type ReadBarrier } from '@latchkey/event-sourcing';
import { StreamableFile } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Admission, type Terms } from './admission';
import { writeAtEndOfTurn } from './end-of-turn';
import { endpointsOf, type RoutedEndpoint } from './endpoints';
import { ErrorsFilter } from './errors.filter';
import { Idempotency } from './idempotency/idempotency';
import { inPieces } from './long-answers';
import { OkAnswers } from './ok-answers';

/**
 * Routes the endpoints of the API: a request is admitted, its parameters are read, the controller's method is asked,
 * and what it returns is completed and written. Straight on Fastify and not through Nest's router, whose interceptors,
 * observables and async resources cost a request as much as all of this.
 */
export function routeEndpoints(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  for (const routed of endpointsOf(app)) fastify.all(routed.endpoint.path, handlerOf(routed, app));
}

function handlerOf(routed: RoutedEndpoint, app: NestFastifyApplication) {
  const admission = app.get(Admission);
  const errors = app.get(ErrorsFilter);
  const ask = asking(routed, app);
  const terms = termsOf(routed);
  const write = ({ request, reply }: Exchange, answer: object): void => {
    try {
      if (!reply.sent) send(app, reply, answer);
    } catch (error) {
      errors.answer(error, request, reply);
    }
  };
  const answer = async (exchange: Exchange): Promise<void> => {
    const { request, reply } = exchange;
    try {
      await admission.admit(request, reply, terms);
      const body = await ask(exchange);
      if (body !== undefined) writeAtEndOfTurn(() => write(exchange, body));
    } catch (error) {
      errors.answer(error, request, reply);
    }
  };
  // It returns nothing: whatever Fastify is given it waits for, and answers.
  return (request: FastifyRequest, reply: FastifyReply): void => {
    answer({ request: request as Exchange['request'], reply }).catch((error) => void reply.send(error));
  };
}

function termsOf({ endpoint, controller, method }: RoutedEndpoint): Terms {
  return {
    verbs: allowedBy(endpoint),
    sandboxOnly: endpoint.sandboxOnly,
    open: isOpen(controller[method]!, controller.constructor),
    permission: endpoint.permission,
  };
}

/** @returns what asks the endpoint; undefined is answered where the method answers by itself */
function asking({ endpoint, controller, method }: RoutedEndpoint, app: NestFastifyApplication) {
  const idempotency = app.get(Idempotency);
  const ok = app.get(OkAnswers);
  const readers = argumentsOf(Object.getPrototypeOf(controller) as object, method);
  const reads = app.get<ReadBarrier>(READ_BARRIER);
  const call = (exchange: Exchange) =>
    controller[method]!(...readers.map((read) => read(exchange))) as Promise<object | undefined>;
  const ask = (exchange: Exchange): Promise<object | undefined> => {
    const readable = endpoint.readsOwnWrites ? reads.readable() : undefined;
    return readable ? readable.then(() => call(exchange)) : call(exchange);
  };
  if (answersItself(Object.getPrototypeOf(controller) as object, method)) {
    return async (exchange: Exchange): Promise<undefined> => void (await ask(exchange));
  }
  return async (exchange: Exchange): Promise<object> => {
    const answer = await idempotency.run(exchange, endpoint, async () =>
      ok.complete(await ask(exchange), endpoint.path, exchange.request),
    );
    return inPieces(answer);
  };
}

function send(app: NestFastifyApplication, reply: FastifyReply, answer: object): void {
  if (answer instanceof StreamableFile) app.getHttpAdapter().reply(reply, answer, 200);
  else void reply.send(answer);
}
