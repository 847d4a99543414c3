import { HOUR, until } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { json } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type Answer, type Edge, NOW, openEdge } from './testing/edge';

const later = (hours: number) => new Date(NOW + hours * HOUR).toISOString();

/** Seam's error body, with a request id. */
function expectError({ status, headers, body }: Answer, expected: { status: number; type: string }) {
  expect({ status, type: body?.error?.type, ok: body?.ok }).toEqual({ ...expected, ok: false });
  expect(typeof body.error.message).toBe('string');
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(headers.get('seam-request-id')).toMatch(/^[0-9a-f-]{36}$/);
}

/** Asks one thing after the other, all on the same connection. @returns ids of workspaces */
async function onOneConnection(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<unknown>();
  const post = async (path: string, authorization?: string): Promise<string | undefined> => {
    const headers = authorization === undefined ? {} : { authorization };
    const asked = request(url + path, { method: 'POST', agent, headers }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    sockets.add(answer.socket);
    expect(sockets.size).toBe(1);
    const { workspace } = (await json(answer)) as { workspace?: { workspace_id: string } };
    return workspace?.workspace_id;
  };
  await post('/workspaces/get');
  return { post, close: () => agent.destroy() };
}

let edge: Edge;
beforeAll(async () => {
  edge = await openEdge();
});
afterAll(() => edge.close());

describe('who may come in', () => {
  test('a good key', async () => {
    const { status, body, headers } = await edge.post('/workspaces/get', {});
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: true, workspace: { workspace_id: edge.workspaceId, is_sandbox: true } });
    expect(headers.get('seam-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each([
    ['no key', { authorization: '' }],
    ['another scheme', { authorization: 'Basic c2VhbV94' }],
    ['an unknown key', { authorization: 'Bearer seam_nobody' }],
    ['half a key', { authorization: 'Bearer' }],
  ])('not %s', async (_, headers) => {
    expectError(await edge.post('/workspaces/get', {}, headers), { status: 401, type: 'unauthorized' });
  });

  test('each request by its own key, on one connection', async () => {
    const workspaceBy = (apiKey: string) => connection.post('/workspaces/get', `Bearer ${apiKey}`);
    const connection = await onOneConnection(edge.url);
    try {
      const [ours, theirs] = [await workspaceBy(edge.apiKey), await workspaceBy(edge.foreignKey)];
      expect(ours).toBe(edge.workspaceId);
      expect(theirs).not.toBe(ours);
      expect(await workspaceBy('seam_nobody')).toBeUndefined();
      expect(await connection.post('/workspaces/get')).toBeUndefined();
      expect(await workspaceBy(edge.apiKey)).toBe(ours);
    } finally {
      connection.close();
    }
  });

  test('a revoked key no longer', async () => {
    const key = { authorization: `Bearer ${edge.foreignKey}` };
    expect((await edge.post('/workspaces/get', {}, key)).status).toBe(200);
    const [other] = (await edge.records.workspaces.list()).filter(
      (workspace) => workspace.workspaceId !== edge.workspaceId,
    );
    for (const { apiKeyId } of await edge.records.apiKeys.list(other!.workspaceId)) {
      await edge.records.apiKeys.revoke(apiKeyId);
    }
    expectError(await edge.post('/workspaces/get', {}, key), { status: 401, type: 'unauthorized' });
  });

  test('health needs no key', async () => {
    expect((await edge.get('/health/live', { authorization: '' })).status).toBe(200);
    expect((await edge.get('/health/ready', { authorization: '' })).body.status).toBe('ok');
  });
});

describe('what is not there', () => {
  test('an unknown path', async () => {
    expectError(await edge.post('/nothing/here', {}), { status: 404, type: 'not_found' });
  });

  test.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'a verb that the endpoint does not answer: %s',
    async (method) => {
      const response = await fetch(`${edge.url}/access_codes/get`, { method });
      expect(response.headers.get('allow')).toBe('GET, HEAD, POST');
      expectError(
        { status: response.status, headers: response.headers, body: await response.json() },
        { status: 405, type: 'method_not_allowed' },
      );
    },
  );

  test('sandbox endpoints outside the sandbox', async () => {
    const outside = await openEdge({ env: { SANDBOX: 'false' } });
    try {
      expectError(await outside.post('/sandbox/clock/get', {}), { status: 404, type: 'not_found' });
      expectError(await outside.post('/devices/simulate/connect', { device_id: randomUUID() }), {
        status: 404,
        type: 'not_found',
      });
    } finally {
      await outside.close();
    }
  });
});

describe('invalid bodies', () => {
  test.each([
    ['broken JSON', '{"device_id":'],
    ['an array', '[]'],
    ['a text', '"device"'],
    ['null', 'null'],
    ['deep nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
  ])('%s', async (_, body) => {
    expectError(await edge.post('/devices/get', body), { status: 400, type: 'invalid_input' });
  });

  test('1 MB', async () => {
    const body = { device_id: randomUUID(), name: 'x'.repeat(1024 * 1024) };
    expectError(await edge.post('/access_codes/create', body), { status: 400, type: 'invalid_input' });
  });

  test('broken UTF-8', async () => {
    const response = await fetch(`${edge.url}/devices/get`, {
      method: 'POST',
      headers: { authorization: `Bearer ${edge.apiKey}`, 'content-type': 'application/json' },
      body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    });
    expect(response.status).toBe(400);
  });

  test('compressed', async () => {
    const response = await fetch(`${edge.url}/devices/get`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${edge.apiKey}`,
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      },
      body: gzipSync(Buffer.alloc(10_000_000, 0x20)),
    });
    expectError(
      { status: response.status, headers: response.headers, body: await response.json() },
      { status: 415, type: 'unsupported_media_type' },
    );
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml'])('%s', async (type) => {
    expectError(await edge.post('/devices/get', 'device_id=1', { 'content-type': type }), {
      status: 415,
      type: 'unsupported_media_type',
    });
  });

  test('none at all is as good as an empty object', async () => {
    expect((await edge.post('/access_codes/list')).status).toBe(200);
  });
});

describe('invalid requests', () => {
  const raw = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(edge.url);
      let answer = '';
      connect(Number(port), hostname)
        .on('data', (chunk) => (answer += chunk.toString()))
        .on('close', () => resolve(answer))
        .on('error', reject)
        .end(text);
    });

  test.each([
    ['headers that are too long', `GET /devices/list HTTP/1.1\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`, 431],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a URL that can not be decoded', 'GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400],
  ])('%s', async (_, request, status) => {
    const answer = await raw(request);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/seam-request-id: [0-9a-f-]{36}/);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({
      ok: false,
      error: { type: 'invalid_input' },
    });
  });
});

describe('parameters', () => {
  const device_id = randomUUID();
  const window = { starts_at: later(1), ends_at: later(2) };

  test.each<[string, object, string]>([
    ['a missing one', {}, 'device_id'],
    ['an unknown one', { device_id, colour: 'red' }, 'colour'],
    [
      'one called __proto__',
      JSON.parse(`{"device_id":"${device_id}","__proto__":{"x":1}}`) as object,
      '__proto__',
    ],
    ['one called constructor', { device_id, constructor: 1 }, 'constructor'],
    ['an id as a list', { device_id: [device_id] }, 'device_id'],
    ['null', { device_id, name: null }, 'name'],
    ['a number for a text', { device_id, name: 1 }, 'name'],
    ['a blank name', { device_id, name: '  ' }, 'name'],
    ['a name that is too long', { device_id, name: 'x'.repeat(201) }, 'name'],
    ['control characters', { device_id, name: 'a\u0000b' }, 'name'],
    ['half a surrogate pair', { device_id, name: 'a\ud800' }, 'name'],
    ['a number for a PIN', { device_id, code: 1234 }, 'code'],
    ['letters in a PIN', { device_id, code: '12a4' }, 'code'],
    ['digits of another script', { device_id, code: '١٢٣٤' }, 'code'],
    ['a PIN with a line end', { device_id, code: '1234\n' }, 'code'],
    ['a short PIN', { device_id, code: '123' }, 'code'],
    ['a long PIN', { device_id, code: '1234567890123' }, 'code'],
    ['a text for a flag', { device_id, prefer_native_scheduling: 'true' }, 'prefer_native_scheduling'],
    ['a broken number', { device_id, preferred_code_length: 4.5 }, 'preferred_code_length'],
    ['a word that is not among them', { device_id, max_time_rounding: '2h' }, 'max_time_rounding'],
    ['a date alone', { device_id, ...window, starts_at: '2030-01-01' }, 'starts_at'],
    ['a day that does not exist', { device_id, ...window, ends_at: '2030-02-30T10:00:00Z' }, 'ends_at'],
    ['a number for an instant', { device_id, ...window, starts_at: 1893456000000 }, 'starts_at'],
    ['a start alone', { device_id, starts_at: later(1) }, 'ends_at'],
    ['an end alone', { device_id, ends_at: later(1) }, 'starts_at'],
    ['an end before the start', { device_id, starts_at: later(2), ends_at: later(1) }, 'ends_at'],
    ['an end at the start', { device_id, starts_at: later(1), ends_at: later(1) }, 'ends_at'],
    ['an end in the past', { device_id, starts_at: later(-2), ends_at: later(-1) }, 'ends_at'],
  ])('%s is refused by name', async (_, body, param) => {
    const codes = edge.shelf.codes.size;
    const answer = await edge.post('/access_codes/create', body);
    expectError(answer, { status: 400, type: 'invalid_input' });
    expect(answer.body.error.validation_errors[param]._errors[0]).toEqual(expect.any(String));
    expect(edge.shelf.codes.size).toBe(codes);
  });

  test('good ones arrive as they were meant', async () => {
    const name = "Zoë O'Brien; 雪 👩‍🔧";
    const { status, body } = await edge.post('/access_codes/create', {
      device_id: device_id.toUpperCase(),
      name,
      code: '0042',
      starts_at: '2030-06-01T12:00:00+02:00',
      ends_at: '2030-06-01T12:00:00.500Z',
      allow_external_modification: true,
      _strict: true,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ok: true,
      access_code: {
        name,
        device_id,
        code: '0042',
        starts_at: '2030-06-01T10:00:00.000Z',
        ends_at: '2030-06-01T12:00:00.500Z',
        is_external_modification_allowed: true,
      },
    });
  });

  test('times without an offset are UTC', async () => {
    const { body } = await edge.post('/access_codes/create', {
      ...{ device_id, starts_at: '2030-06-01T12:00:00', ends_at: '2030-06-01T13:30' },
    });
    expect(body.access_code).toMatchObject({
      starts_at: '2030-06-01T12:00:00.000Z',
      ends_at: '2030-06-01T13:30:00.000Z',
    });
  });

  test('a device id that could be none is that of an unknown device, if all else is right', async () => {
    const codes = edge.shelf.codes.size;
    const unknown = { status: 404, type: 'device_not_found' };
    for (const path of ['/access_codes/create', '/devices/get'])
      for (const none of ['1; drop table codes', 'front-door'])
        expectError(await edge.post(path, { device_id: none }), unknown);
    expectError(await edge.post('/access_codes/create', { device_id: 'front-door', code: 'y' }), {
      status: 400,
      type: 'invalid_input',
    });
    expect(edge.shelf.codes.size).toBe(codes);
  });

  test.each([
    ['/access_codes/get', { device_id: 'front-door', code: '1234' }, 'access_code_not_found'],
    ['/access_codes/delete', { access_code_id: randomUUID(), device_id: 'door' }, 'access_code_not_found'],
    ['/events/get', { device_id: 'front-door', event_type: 'device.connected' }, 'event_not_found'],
  ])('a device id that could be none leads to nothing: %s', async (path, params, type) => {
    expectError(await edge.post(path, params), { status: 404, type });
  });

  test('every fault is told, not only the first', async () => {
    const { body } = await edge.post('/access_codes/create', { device_id: 'x', code: 'y', what: 1 });
    expect(Object.keys(body.error.validation_errors as object).sort()).toEqual(['code', 'device_id', 'what']);
  });

  test('no PIN is repeated in an error', async () => {
    const { body } = await edge.post('/access_codes/create', { device_id: 'x', code: '98765432109876' });
    expect(JSON.stringify(body)).not.toContain('98765432109876');
  });

  test.each([
    ['a scalar twice', `device_id=${device_id}&device_id=${device_id}`, 'device_id'],
    ['a text for a number', 'limit=many', 'limit'],
    ['a number out of range', 'limit=0', 'limit'],
    ['an unknown key', 'nothing=1', 'nothing'],
    ['a dotted key of a scalar', 'search.x=1', 'search.x'],
    ['a list with something else in it', `access_code_ids=${device_id}&access_code_ids=x`, 'access_code_ids'],
  ])('in a query string: %s is refused by name', async (_, query, param) => {
    const answer = await edge.get(`/access_codes/list?${query}`);
    expectError(answer, { status: 400, type: 'invalid_input' });
    expect(answer.body.error.validation_errors[param]._errors[0]).toEqual(expect.any(String));
  });

  test('in a query string: texts stay texts, numbers become numbers', async () => {
    edge.shelf.done.length = 0;
    const id = randomUUID();
    await edge.get(`/access_codes/list?search=123&limit=7&access_code_ids=${id}&page_cursor=&_strict=true`);
    expect(edge.shelf.done).toMatchObject([
      { filter: { search: '123', accessCodeIds: [id] }, page: { limit: 7 } },
    ]);
  });

  test('in a query string: dotted keys are an object', async () => {
    edge.shelf.done.length = 0;
    await edge.get('/devices/list?custom_metadata_has.floor=2&_strict=true');
    expect(edge.shelf.done).toMatchObject([{ filter: { customMetadataHas: { floor: '2' } } }]);
  });
});

describe('a GET with a body', () => {
  const device_id = randomUUID();

  /** fetch sends no such thing. */
  const get = (path: string, body: string, type = 'application/json') =>
    new Promise<{ status: number | undefined; body: Record<string, unknown> }>((resolve, reject) => {
      const options = {
        method: 'GET',
        headers: {
          authorization: `Bearer ${edge.apiKey}`,
          'content-type': type,
          'content-length': Buffer.byteLength(body),
        },
      };
      const asked = request(edge.url + path, options, (response) => {
        let text = '';
        response
          .on('data', (chunk) => (text += String(chunk)))
          .on('end', () =>
            resolve({ status: response.statusCode, body: JSON.parse(text) as Record<string, unknown> }),
          );
      });
      asked.on('error', reject).end(body);
    });

  test('is filtered by it', async () => {
    edge.shelf.done.length = 0;
    const { status } = await get('/access_codes/list', JSON.stringify({ device_id, limit: 7 }));
    expect(status).toBe(200);
    expect(edge.shelf.done).toMatchObject([{ filter: { deviceId: device_id }, page: { limit: 7 } }]);
  });

  test('takes the rest from the query string', async () => {
    edge.shelf.done.length = 0;
    await get('/access_codes/list?limit=7&_strict=true', JSON.stringify({ device_id }));
    expect(edge.shelf.done).toMatchObject([{ filter: { deviceId: device_id }, page: { limit: 7 } }]);
  });

  test.each([
    ['an unknown parameter', '/access_codes/list', '{"device":"x"}', 400, 'application/json'],
    ['the same parameter twice', `/access_codes/list?limit=7`, '{"limit":7}', 400, 'application/json'],
    ['broken JSON', '/access_codes/list', '{"device_id":', 400, 'application/json'],
    ['a form', '/access_codes/list', 'device_id=1', 415, 'application/x-www-form-urlencoded'],
  ])('is refused with %s', async (_, path, body, status, type) => {
    edge.shelf.done.length = 0;
    expect(await get(path, body, type)).toMatchObject({ status, body: { ok: false } });
    expect(edge.shelf.done).toEqual([]);
  });
});

test('a page says where the next one is', async () => {
  const device_id = randomUUID();
  const ids = [1, 2, 3].map(() => edge.shelf.add(edge.workspaceId, { deviceId: device_id }));
  const first = await edge.post('/access_codes/list', { device_id, limit: 2 });
  const { next_page_url, next_page_cursor } = first.body.pagination;
  expect(next_page_url).toBe(
    `${edge.url}/access_codes/list?device_id=${device_id}&limit=2&page_cursor=${next_page_cursor}`,
  );
  const { body } = await edge.get((next_page_url as string).slice(edge.url.length));
  expect(body.access_codes).toMatchObject([{ access_code_id: ids[2] }]);
  expect(body.pagination).toMatchObject({ has_next_page: false, next_page_url: null });
});

describe('what goes wrong behind the edge', () => {
  test('is a 500 without detail, and logged with its request id', async () => {
    edge.shelf.fails = new Error('the disk is full of secrets');
    const answer = await edge.post('/access_codes/list', {});
    expectError(answer, { status: 500, type: 'internal_error' });
    expect(JSON.stringify(answer.body)).not.toContain('disk');
    const logged = edge.log.map((line) => JSON.parse(line)).find(({ level }) => level === 'error');
    expect(logged).toMatchObject({
      requestId: answer.headers.get('seam-request-id'),
      path: '/access_codes/list',
      err: { message: 'the disk is full of secrets' },
    });
  });
});

describe('the log', () => {
  const lines = () =>
    edge.log
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === 'request');
  // A line is written when the answer has left, which the client may see first.
  const lineOf = (id: string | null) => until(() => lines().find(({ requestId }) => requestId === id));

  test('has one line a request, with its route, status, duration and the id of its key', async () => {
    const [key] = await edge.records.apiKeys.list(edge.workspaceId);
    const { headers } = await edge.post('/devices/get', { device_id: 'x', name: 'secret' });
    const id = headers.get('seam-request-id');
    expect(await lineOf(id)).toMatchObject({
      ...{ level: 'info', method: 'POST', route: '/devices/get', status: 404, keyId: key!.apiKeyId },
      ms: expect.any(Number),
    });
    expect(lines().filter(({ requestId }) => requestId === id)).toHaveLength(1);
  });

  test('has no path, key or query of what nobody may ask', async () => {
    const { headers } = await edge.get('/nothing/secret-token?code=48210042', {
      authorization: 'Bearer seam_guess',
    });
    expect(await lineOf(headers.get('seam-request-id'))).toMatchObject({
      route: null,
      status: 404,
      keyId: null,
    });
    expect(edge.log.join('')).not.toMatch(/secret-token|48210042|seam_guess/);
  });

  test('tells nothing of health at its usual level', async () => {
    await edge.get('/health/live');
    const { headers } = await edge.post('/workspaces/get', {});
    await lineOf(headers.get('seam-request-id'));
    expect(lines().filter(({ route }) => String(route).startsWith('/health'))).toEqual([]);
  });
});

describe('the sandbox clock', () => {
  test('is read and set forward', async () => {
    expect((await edge.post('/sandbox/clock/get', {})).body.clock).toEqual({ now: later(0) });
    expect((await edge.post('/sandbox/clock/advance', { by: 'PT72H' })).body.clock).toEqual({
      now: later(72),
    });
    const { body } = await edge.post('/sandbox/clock/advance', { to: later(100) });
    expect(body).toEqual({ ok: true, clock: { now: later(100) } });
  });

  test.each([
    [{}],
    [{ to: later(200), by: 'PT1H' }],
    [{ by: 'P1M' }],
    [{ by: '-PT1H' }],
    [{ to: 'tomorrow' }],
    [{ by: 'P367D' }],
  ])('does not take %j', async (body) => {
    expectError(await edge.post('/sandbox/clock/advance', body), { status: 400, type: 'invalid_input' });
  });
});
