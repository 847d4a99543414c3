import type { CommandBus, ICommand } from '@nestjs/cqrs';
import type { FastifyInstance } from 'fastify';
import { type BegunSpan, traced, type Tracing } from './tracing';

/** What is asked for all day and tells nothing. */
const QUIET = /^\/(health|docs)(\/|$)/;

/** Makes each request a span: the child of the caller's, where the header traceparent names it. */
export function traceRequests(fastify: FastifyInstance, tracing: Tracing): void {
  const spans = new WeakMap<object, BegunSpan>();
  fastify.addHook('onRequest', (request, _reply, done) => {
    const route = request.is404 ? undefined : request.routeOptions.url;
    if (route === undefined || QUIET.test(route)) return done();
    const { traceparent } = request.headers;
    const span = tracing.begin(
      `${request.method} ${route}`,
      { 'http.request.method': request.method, 'http.route': route, 'latchkey.request_id': request.id },
      typeof traceparent === 'string' ? traceparent : undefined,
    );
    spans.set(request, span);
    span.within(done);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply;
    spans.get(request)?.end({ 'http.response.status_code': statusCode }, statusCode >= 500);
    done();
  });
}

/** Makes each command that is handled in a span one of its own. */
export function traceCommands(bus: CommandBus, tracing: Tracing): void {
  const original: (command: ICommand) => Promise<unknown> = Reflect.get(bus, 'execute');
  const execute = (command: ICommand): Promise<unknown> => original.call(bus, command);
  const followed = (command: ICommand): Promise<unknown> =>
    tracing.current === undefined
      ? execute(command)
      : traced(tracing, `command ${command.constructor.name}`, {}, () => execute(command));
  bus.execute = followed;
}
