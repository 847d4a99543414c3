import Fastify from 'fastify';
import { boundRequests } from './request-deadline';

const SHORT_MS = 50;

it('tells a client that waits too long to try again, and lets lists and an advanced clock take longer', async () => {
  const fastify = Fastify();
  boundRequests(fastify, SHORT_MS, 60_000);
  const paths = ['/access_codes/get', '/access_codes/list', '/sandbox/clock/advance'];
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  for (const path of paths) {
    fastify.get(path, async () => {
      await released;
      return { ok: true };
    });
  }
  try {
    // The others wait for longer than the one that is too late.
    const others = ['/access_codes/list', '/access_codes/list?limit=2', '/sandbox/clock/advance'].map((url) =>
      fastify.inject(url),
    );
    const late = await fastify.inject('/access_codes/get');
    expect(late.statusCode).toBe(503);
    expect(late.headers['retry-after']).toBeDefined();
    release();
    expect((await Promise.all(others)).map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
  } finally {
    await fastify.close();
  }
});

it('counts each request from when it came, whatever was answered before', async () => {
  const fastify = Fastify();
  boundRequests(fastify, SHORT_MS);
  fastify.get('/at-once', () => ({ ok: true }));
  fastify.get('/never', () => new Promise(() => undefined));
  try {
    expect((await fastify.inject('/at-once')).statusCode).toBe(200);
    const waited = async () => {
      const begun = performance.now();
      expect((await fastify.inject('/never')).statusCode).toBe(503);
      return performance.now() - begun;
    };
    const first = waited();
    expect((await fastify.inject('/at-once')).statusCode).toBe(200);
    const all = await Promise.all([first, waited()]);
    expect(Math.min(...all, await waited())).toBeGreaterThanOrEqual(SHORT_MS - 1);
  } finally {
    await fastify.close();
  }
});
