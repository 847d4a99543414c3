import { ApiError, Outage } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import { Readiness, Serving } from './index';
import { type Answer, type Edge, openEdge } from './testing/edge';

let edge: Edge;
beforeEach(async () => {
  edge = await openEdge();
});
afterEach(() => edge.close());

/** A 503 as clients know what to do with: when to ask again, and under which id it was logged. */
const expectUnavailable = ({ status, headers, body }: Answer) => {
  expect({ status, ...body }).toEqual({
    status: 503,
    ok: false,
    error: { type: 'service_unavailable', message: expect.any(String) },
  });
  expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(headers.get('seam-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
};

describe('while something that the server needs is away', () => {
  const away = () => new Outage('database', 'connect ECONNREFUSED 10.1.2.3:5432');

  test.each([
    ['a read', '/access_codes/list', {}],
    ['a write', '/access_codes/create', { device_id: randomUUID() }],
  ])('%s is answered 503, and its message names no address', async (_what, path, params) => {
    edge.shelf.fails = away();
    const answer = await edge.post(path, params);
    expectUnavailable(answer);
    expect(JSON.stringify(answer.body)).not.toContain('10.1.2.3');
  });

  test('the log has one short line of it, however many requests are refused', async () => {
    for (let n = 0; n < 20; n++) {
      edge.shelf.fails = away();
      await edge.post('/access_codes/list', {});
    }
    const lines = edge.log.filter((line) => line.includes('10.1.2.3'));
    expect(lines).toHaveLength(1);
    expect(lines[0]!.length).toBeLessThan(400);
    expect(lines[0]).not.toContain('stack');
  });

  test('readiness is 503 and says what and why, and the log says so when it begins and when it is over', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] });
    let works = true;
    const readiness = edge.app.get(Readiness);
    readiness.add('lock cloud', () => (works ? Promise.resolve() : Promise.reject(away())));
    readiness.watch();
    const rounds = async (count: number) => {
      for (let n = 0; n < count; n++) await jest.advanceTimersByTimeAsync(2_100);
    };
    works = false;
    await rounds(5);
    works = true;
    await rounds(5);
    jest.useRealTimers();
    const told = edge.log.map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(told).toEqual([
      'not ready: lock cloud: the database can not be used: connect ECONNREFUSED 10.1.2.3:5432',
      expect.stringMatching(/^ready again: lock cloud, after \d+ s$/),
    ]);
    works = false;
    const { status, headers, body } = await edge.get('/health/ready', { authorization: '' });
    expect({ status, retry: headers.get('retry-after') }).toEqual({ status: 503, retry: '2' });
    expect(body.error).toEqual({
      'lock cloud': {
        status: 'down',
        message: 'the database can not be used: connect ECONNREFUSED 10.1.2.3:5432',
      },
    });
  });
});

describe('while the server can not serve yet, or any more', () => {
  test.each([
    [
      'starts',
      (serving: Serving) => serving.close(() => ApiError.unavailable('The views are built.', 7)),
      '7',
    ],
    ['stops', (serving: Serving) => serving.stop(), '2'],
  ])('everything but health and documents is 503: it %s', async (_what, begin, retryAfter) => {
    begin(edge.app.get(Serving));
    for (const path of [
      '/access_codes/list',
      '/access_codes/create',
      '/nothing/here',
      '/connect_webviews/view',
    ]) {
      const answer = await edge.post(path, {});
      expectUnavailable(answer);
      expect(answer.headers.get('retry-after')).toBe(retryAfter);
    }
    expect((await edge.get('/health/live')).status).toBe(200);
    for (const path of ['/docs', '/openapi.json']) expect((await fetch(edge.url + path)).status).toBe(200);
  });

  test('readiness says that it stops', async () => {
    edge.app.get(Serving).stop();
    const { status, body } = await edge.get('/health/ready');
    expect(status).toBe(503);
    expect(body.error.server.message).toBe('the server is stopping');
  });

  test('requests are served once it can', async () => {
    const serving = edge.app.get(Serving);
    serving.close(() => ApiError.unavailable('The views are built.'));
    serving.open();
    expect((await edge.post('/access_codes/list', {})).status).toBe(200);
  });
});

test('a request that nothing answers is told to ask again in time, and goes on', async () => {
  let go = () => {};
  edge.shelf.waits = new Promise((resolve) => (go = resolve));
  const key = { 'idempotency-key': randomUUID() };
  const wanted = { device_id: randomUUID() };
  const from = performance.now();
  expectUnavailable(await edge.post('/access_codes/create', wanted, key));
  expect(performance.now() - from).toBeLessThan(10_000);
  go();
  let again = await edge.post('/access_codes/create', wanted, key);
  // Until the first try has come to its end it is told that it is under way, or that this takes long.
  while ([409, 503].includes(again.status)) again = await edge.post('/access_codes/create', wanted, key);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(edge.shelf.codes.size).toBe(1);
}, 60_000);
