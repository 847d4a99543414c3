import { ApiError, MINUTE } from '@latchkey/platform';
import type { FastifyInstance, FastifyReply } from 'fastify';
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
  const lists = new Bounded(listWithinMs);
  const others = new Bounded(answerWithinMs);
  fastify.addHook('onRequest', ({ url }, reply, done) => {
    if (!UNBOUNDED.test(url)) (LIST.test(url) ? lists : others).add(reply);
    done();
  });
  fastify.addHook('onResponse', (_request, reply, done) => {
    if (!others.delete(reply)) lists.delete(reply);
    done();
  });
}

/** What is to be answered within the same time: one timer serves all, and is set for the one that has waited longest. */
class Bounded {
  /** In the order in which they came. */
  private readonly waiting = new Set<FastifyReply>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly withinMs: number) {}

  add(reply: FastifyReply): void {
    this.waiting.add(reply);
    this.timer ??= this.lookIn(this.withinMs);
  }

  delete(reply: FastifyReply): boolean {
    return this.waiting.delete(reply);
  }

  private lookIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => (this.timer = this.look()), ms).unref();
  }

  /** @returns what looks next; undefined where nothing waits */
  private look(): NodeJS.Timeout | undefined {
    for (const reply of this.waiting) {
      const left = this.withinMs - reply.elapsedTime;
      if (left > 0) return this.lookIn(Math.ceil(left));
      this.waiting.delete(reply);
      tellThatItIsLate(reply);
    }
    return undefined;
  }
}

function tellThatItIsLate(reply: FastifyReply): void {
  if (reply.sent || reply.raw.headersSent) return;
  const late = ApiError.unavailable('The answer took too long. Ask again, with the same Idempotency-Key.');
  const { status, headers, body } = errorAnswer(late);
  void reply.code(status).headers(headers).send(body);
}
