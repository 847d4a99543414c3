import type { OpenApiDocument } from '@latchkey/http';
import fc from 'fast-check';
import { useServer } from '../testing/use-server';
import { type Edge, openEdge } from './testing/edge';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Schema = Record<string, any>;

/** What is being tried, and its own description. */
let server: { readonly url: string; readonly apiKey: string };
let document: OpenApiDocument;

async function tryOut(url: string, apiKey: string): Promise<void> {
  server = { url, apiKey };
  document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApiDocument;
}

/** What no parameter of that schema may be. */
function badValue(schema: Schema): fc.Arbitrary<unknown> {
  const tricks = [
    "'; drop table codes; --",
    '{"$ne":null}',
    '__proto__',
    '\u0000',
    '\ud800',
    'x'.repeat(5000),
    '١٢٣٤',
    '${jndi:ldap://x}',
    '../../etc/passwd',
    '\r\nset-cookie: a=b',
  ];
  const anything = fc.oneof(
    fc.constantFrom<unknown>(...tricks, null, true, false, 0, -1, 1.5, 1e308, [], {}, [[]], [null]),
    fc.string({ unit: 'binary' }),
    fc.jsonValue({ maxDepth: 3 }),
  );
  return anything.filter((value) => !accepts(schema, value));
}

/** Whether the schema allows the value, as far as schemas here say anything. */
function accepts(schema: Schema, value: unknown): boolean {
  if (schema.$ref)
    return accepts(document.components.schemas[schema.$ref.split('/').pop()!] as Schema, value);
  if (value === null) return schema.nullable === true;
  switch (schema.type) {
    case 'string':
      // A text that the schema allows may still be no date, no URL or not plain: then it is refused elsewhere.
      return typeof value === 'string' && value.length <= (schema.maxLength ?? Infinity);
    case 'integer':
      return (
        Number.isInteger(value) && (value as number) >= schema.minimum && (value as number) <= schema.maximum
      );
    case 'boolean':
      return typeof value === 'boolean';
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && !Array.isArray(value);
    default:
      return true;
  }
}

/** Lone surrogates, which no URL can carry, replaced. */
const wellFormed = (text: string) => Buffer.from(text).toString();

const anyName = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', 'toString'),
);

interface Endpoint {
  readonly path: string;
  readonly verbs: string[];
  readonly properties: Record<string, Schema>;
}

function endpoints(): Endpoint[] {
  return Object.entries(document.paths).map(([path, operations]) => {
    const { schema } = (operations as Schema).post.requestBody.content['application/json'];
    const params = document.components.schemas[schema.$ref.split('/').pop()!] as Schema;
    return { path, verbs: Object.keys(operations), properties: params.properties ?? {} };
  });
}

/** A body with at least one thing wrong with it. */
function badBody({ properties }: Endpoint): fc.Arbitrary<unknown> {
  const known = Object.entries(properties);
  const unknown = anyName
    .filter((name) => !Object.hasOwn(properties, name) && name !== '_strict')
    .map((name) => Object.defineProperty({}, name, { value: 1, enumerable: true }));
  const noObject = fc.constantFrom<unknown>([], [1], 'text', 7, null, true);
  if (known.length === 0) return fc.oneof(unknown, noObject);
  const wrong = fc
    .constantFrom(...known)
    .chain(([name, schema]) => badValue(schema).map((value) => ({ [name]: value })));
  return fc.oneof(
    { weight: 6, arbitrary: wrong },
    { weight: 2, arbitrary: unknown },
    { weight: 1, arbitrary: noObject },
  );
}

interface Got {
  status: number;
  id: string | null;
  text: string;
}

async function send(method: string, path: string, body?: string): Promise<Got> {
  const headers = {
    authorization: `Bearer ${server.apiKey}`,
    ...(body && { 'content-type': 'application/json' }),
  };
  const response = await fetch(server.url + path, { method, headers, body });
  return {
    status: response.status,
    id: response.headers.get('seam-request-id'),
    text: await response.text(),
  };
}

function expectRefusal({ status, id, text }: Got, body?: unknown): void {
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  // Where all that is wrong is a device's id that could be one, there is no such device, and nothing that it has.
  const { device_id, device_ids } = (body ?? {}) as { device_id?: unknown; device_ids?: unknown };
  const named = Array.isArray(device_ids) && device_ids.length > 0 ? device_ids : [device_id];
  const isOfNone =
    named.every((id) => typeof id === 'string') && /"(device|access_code|event)_not_found"/.test(text);
  expect(status).toBe(isOfNone ? 404 : 400);
  expect(JSON.parse(text)).toMatchObject({
    ok: false,
    error: { type: expect.any(String), message: expect.any(String) },
  });
}

/** Nothing of ours broke; whatever was not taken is told in the API's shape. */
function expectSound({ status, id, text }: Got): void {
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(status).toBeLessThan(500);
  expect(JSON.parse(text)).toMatchObject({ ok: status === 200 });
}

async function refuseBadBodies(runs: number): Promise<void> {
  for (const endpoint of endpoints()) {
    await fc.assert(
      fc.asyncProperty(badBody(endpoint), async (body) => {
        expectRefusal(await send('POST', endpoint.path, JSON.stringify(body)), body);
      }),
      { numRuns: runs },
    );
  }
}

async function refuseBadQueries(runs: number): Promise<void> {
  const scalar = (schema: Schema) => ['integer', 'boolean'].includes(schema.type as string);
  for (const endpoint of endpoints().filter(
    ({ verbs }) => verbs.includes('get') || verbs.includes('delete'),
  )) {
    const method = endpoint.verbs.includes('get') ? 'GET' : 'DELETE';
    const names = Object.keys(endpoint.properties);
    const typed = Object.entries(endpoint.properties).filter(([, schema]) => scalar(schema));
    const unknown = anyName
      .filter(
        (name) => !names.includes(name.split('.')[0]!) && name !== '_strict' && wellFormed(name) === name,
      )
      .map((name) => [[name, '1']]);
    const twice = fc
      .constantFrom(...(names.length > 0 ? names : ['x']))
      .filter((name) => endpoint.properties[name]?.type !== 'array')
      .map((name) => [name, name].map((key) => [key, '1']));
    const wrong = typed.length
      ? fc.tuple(
          fc.constantFrom(...typed.map(([name]) => name)),
          fc.constantFrom('yes', '1e9999', 'NaN', '0x10', ' 1'),
        )
      : null;
    const query = fc.oneof(unknown, twice, ...(wrong ? [wrong.map((pair) => [[...pair]])] : []));
    await fc.assert(
      fc.asyncProperty(query, async (pairs) => {
        expectRefusal(
          await send(
            method,
            `${endpoint.path}?${new URLSearchParams(pairs as [string, string][]).toString()}`,
          ),
        );
      }),
      { numRuns: runs },
    );
  }
}

describe('the edge alone', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await openEdge();
    await tryOut(edge.url, edge.apiKey);
  });
  afterAll(() => edge.close());
  beforeEach(() => {
    edge.shelf.done.length = 0;
  });

  test('refuses bad bodies at every endpoint, and asks for nothing', async () => {
    await refuseBadBodies(40);
    expect(edge.shelf.done).toEqual([]);
  });

  test('refuses bad query strings at every endpoint that reads them, and asks for nothing', async () => {
    await refuseBadQueries(40);
    expect(edge.shelf.done).toEqual([]);
  });

  test('no bytes at all break an endpoint', async () => {
    const paths = endpoints().map(({ path }) => path);
    const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
    const request = fc.record({
      path: fc.constantFrom(...paths),
      method: fc.constantFrom(...methods),
      query: fc.string({ unit: 'binary-ascii', maxLength: 200 }),
      body: fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.json()),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ path, method, query, body }) => {
        const text = method === 'GET' ? undefined : body;
        expectSound(await send(method, `${path}?${encodeURI(wellFormed(query))}`, text));
      }),
      { numRuns: 400 },
    );
  });
});

describe('the whole server', () => {
  const world = useServer();
  beforeAll(async () => {
    await tryOut(world.server.url, world.server.sandbox!.apiKey);
  });

  /** How much there is of everything that can be made, and what the clock reads. */
  async function inventory(): Promise<unknown> {
    const lists = ['access_codes', 'devices', 'events', 'webhooks', 'connect_webviews'];
    const counts = lists.map(
      async (name) => (await world.api.ask<Record<string, unknown[]>>(`/${name}/list`))[name]!,
    );
    return [
      ...(await Promise.all(counts)).map((list) => list.length),
      await world.api.ask('/sandbox/clock/get'),
    ];
  }

  test('refuses bad bodies and query strings at every endpoint, and nothing is stored', async () => {
    const before = await inventory();
    await refuseBadBodies(15);
    await refuseBadQueries(15);
    expect(await inventory()).toEqual(before);
  }, 120_000);
});
