import type { OpenAPIObject } from '@nestjs/swagger';
import fc from 'fast-check';
import { type Edge, openEdge } from './testing/edge';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Schema = Record<string, any>;

const RUNS = 40;

let edge: Edge;
let document: OpenAPIObject;
beforeAll(async () => {
  edge = await openEdge();
  document = (await edge.get('/openapi.json')).body as OpenAPIObject;
});
afterAll(() => edge.close());

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
    return accepts(document.components!.schemas![schema.$ref.split('/').pop()!] as Schema, value);
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
    const params = document.components!.schemas![schema.$ref.split('/').pop()!] as Schema;
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
    authorization: `Bearer ${edge.apiKey}`,
    ...(body && { 'content-type': 'application/json' }),
  };
  const response = await fetch(edge.url + path, { method, headers, body });
  return {
    status: response.status,
    id: response.headers.get('seam-request-id'),
    text: await response.text(),
  };
}

function expectRefusal({ status, id, text }: Got): void {
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(status).toBe(400);
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

test('bad bodies are refused by every endpoint, and nothing is done', async () => {
  for (const endpoint of endpoints()) {
    edge.shelf.done.length = 0;
    await fc.assert(
      fc.asyncProperty(badBody(endpoint), async (body) => {
        expectRefusal(await send('POST', endpoint.path, JSON.stringify(body)));
      }),
      { numRuns: RUNS },
    );
    expect(edge.shelf.done).toEqual([]);
  }
});

test('bad query strings are refused by every endpoint that reads them, and nothing is done', async () => {
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
    edge.shelf.done.length = 0;
    await fc.assert(
      fc.asyncProperty(query, async (pairs) => {
        expectRefusal(
          await send(
            method,
            `${endpoint.path}?${new URLSearchParams(pairs as [string, string][]).toString()}`,
          ),
        );
      }),
      { numRuns: RUNS },
    );
    expect(edge.shelf.done).toEqual([]);
  }
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
