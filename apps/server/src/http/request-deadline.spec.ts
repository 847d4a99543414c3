import { setTimeout as pause } from 'node:timers/promises';
import Fastify from 'fastify';
import { boundRequests } from './request-deadline';

const SHORT_MS = 50;
const TAKES_MS = 400;

it('tells whoever waits too long to ask again, and lets lists and played time take longer', async () => {
  const fastify = Fastify();
  boundRequests(fastify, SHORT_MS, 60_000);
  const paths = ['/access_codes/get', '/access_codes/list', '/sandbox/clock/advance'];
  for (const path of paths) {
    fastify.get(path, async () => {
      await pause(TAKES_MS);
      return { ok: true };
    });
  }
  try {
    const answers = await Promise.all(
      [...paths, '/access_codes/list?limit=2'].map((url) => fastify.inject(url)),
    );
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([503, 200, 200, 200]);
    expect(answers[0]!.headers['retry-after']).toBeDefined();
  } finally {
    await fastify.close();
  }
});
