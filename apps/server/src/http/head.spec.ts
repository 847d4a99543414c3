import { request } from 'node:http';
import { type Edge, openEdge } from './testing/edge';

let edge: Edge;
beforeAll(async () => {
  edge = await openEdge();
});
afterAll(() => edge.close());

interface Asked {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly bytes: number;
}

/** What is answered to one request, byte by byte as it comes. */
function ask(method: string, path: string, { key = edge.apiKey, body = '' } = {}): Promise<Asked> {
  const headers = {
    authorization: `Bearer ${key}`,
    connection: 'close',
    ...(body && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve, reject) => {
    const asking = request(edge.url + path, { method, headers }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, bytes }));
    });
    asking.on('error', reject).end(body);
  });
}

/** The headers that do not differ from one answer to the next. */
function lasting({ headers }: Asked): Record<string, unknown> {
  const { date: _date, 'seam-request-id': _id, ...rest } = headers;
  return rest;
}

describe('HEAD', () => {
  test.each([
    ['/', 302],
    ['/docs', 200],
    ['/docs/init.js', 200],
    ['/docs/swagger-ui.css', 200],
    ['/docs/none.css', 404],
    ['/openapi.json', 200],
    ['/health/live', 200],
    ['/health/ready', 200],
    ['/workspaces/get', 200],
    ['/access_codes/list?limit=3', 200],
    ['/access_codes/list?limit=none', 400],
    ['/devices/get?device_id=front-door', 404],
    ['/nothing/here', 404],
  ])('of %s is answered as GET is, without a body', async (path, status) => {
    const got = await ask('GET', path);
    const head = await ask('HEAD', path);
    expect([got.status, head.status]).toEqual([status, status]);
    expect(lasting(head)).toEqual(lasting(got));
    expect(head.headers['seam-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(head.bytes).toBe(0);
    expect(head.headers['content-length'] ?? String(got.bytes)).toBe(String(got.bytes));
  });

  test('reads what GET reads, a body too', async () => {
    const body = JSON.stringify({ limit: 'none' });
    expect((await ask('HEAD', '/access_codes/list', { body })).status).toBe(400);
  });

  test('needs a key where GET does', async () => {
    expect((await ask('HEAD', '/workspaces/get', { key: 'seam_nobody' })).status).toBe(401);
  });

  test.each(['/access_codes/create', '/access_codes/delete'])('is refused where GET is: %s', async (path) => {
    const head = await ask('HEAD', path);
    expect(head.status).toBe(405);
    expect(head.headers.allow).not.toMatch(/GET|HEAD/);
  });

  test('is no operation of the OpenAPI document', async () => {
    const { body } = await edge.get('/openapi.json');
    const verbs = Object.values(body.paths as Record<string, object>).flatMap((path) => Object.keys(path));
    expect(verbs).toContain('get');
    expect(verbs).not.toContain('head');
  });
});
