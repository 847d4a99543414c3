import { ApiError, MINUTE } from '@latchkey/platform';
import type { FastifyInstance } from 'fastify';
import { errorAnswer } from './answers';

/** A request that could not be answered within this long is told so, ms. What it began goes on. */
export const ANSWER_WITHIN_MS = 9_000;

/** A list holds up to 55,000 where no limit is given; each of its statements has a deadline of its own. */
const LIST_WITHIN_MS = MINUTE;
const LIST = /\/list(\?|$)/;

/** Playing time takes as long as it takes; so does a login that waits for a lock maker. */
const UNBOUNDED = /^\/(sandbox|workspaces\/reset_sandbox|connect_webviews)(\/|$)/;

/** Answers 503 with Retry-After where nothing else has been answered in time. */
export function boundRequests(
  fastify: FastifyInstance,
  answerWithinMs = ANSWER_WITHIN_MS,
  listWithinMs = LIST_WITHIN_MS,
): void {
  const timers = new WeakMap<object, NodeJS.Timeout>();
  fastify.addHook('onRequest', (request, reply, done) => {
    if (UNBOUNDED.test(request.url)) return done();
    const within = LIST.test(request.url) ? listWithinMs : answerWithinMs;
    const timer = setTimeout(() => {
      if (reply.sent || reply.raw.headersSent) return;
      const late = ApiError.unavailable(
        'The answer took too long. Ask again, with the same Idempotency-Key.',
      );
      const { status, headers, body } = errorAnswer(late);
      void reply.code(status).headers(headers).send(body);
    }, within).unref();
    timers.set(request, timer);
    done();
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    clearTimeout(timers.get(request));
    done();
  });
}
