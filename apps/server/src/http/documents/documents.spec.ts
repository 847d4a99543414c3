import type { OpenApiDocument, SchemaObject } from '@latchkey/http';
import { type Edge, openEdge } from '../testing/edge';

let edge: Edge;
let document: OpenApiDocument;
beforeAll(async () => {
  edge = await openEdge();
  document = (await edge.get('/openapi.json', { authorization: '' })).body as OpenApiDocument;
});
afterAll(() => edge.close());

/** Every $ref of the document, once. */
function refs(value: unknown): string[] {
  return [...new Set([...JSON.stringify(value).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref!))];
}

describe('the OpenAPI document', () => {
  test('has each endpoint with the verbs that it answers, and no others', () => {
    expect(Object.keys(document.paths['/access_codes/get']!).sort()).toEqual(['get', 'post']);
    expect(Object.keys(document.paths['/access_codes/update']!).sort()).toEqual(['patch', 'post', 'put']);
    expect(Object.keys(document.paths['/access_codes/delete']!).sort()).toEqual(['delete', 'post']);
    expect(Object.keys(document.paths)).not.toContain('/health/ready');
  });

  test('points nowhere but into itself', () => {
    const names = Object.keys(document.components.schemas);
    expect(refs(document).length).toBeGreaterThan(5);
    expect(refs(document).filter((ref) => !names.includes(ref.replace('#/components/schemas/', '')))).toEqual(
      [],
    );
  });

  test('names every operation once', () => {
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('says of a parameter what it must be, in a body and in a query string alike', () => {
    const { schemas } = document.components;
    expect(schemas.CreateAccessCodeParams).toMatchObject({
      required: ['device_id'],
      properties: { code: { type: 'string', pattern: '^\\d+$', minLength: 4, maxLength: 12 } },
    });
    expect(document.paths['/access_codes/list']!.get!.parameters).toContainEqual(
      expect.objectContaining({ name: 'access_code_ids', in: 'query', required: false, explode: true }),
    );
  });

  test('asks for nothing that may be left out, and says what stands in its place', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      const { required = [], properties = {} } = schema as SchemaObject;
      const defaulted = Object.keys(properties).filter(
        (key) => (properties[key] as SchemaObject).default !== undefined,
      );
      expect({ name, both: required.filter((key) => defaulted.includes(key)) }).toEqual({ name, both: [] });
    }
    const body = (path: string) => document.paths[path]!.post!.requestBody!;
    expect(body('/access_codes/list').required).toBe(false);
    expect(body('/access_codes/create').required).toBe(true);
  });

  test('says null only beside a type', () => {
    const untyped = (value: unknown): unknown[] => {
      if (typeof value !== 'object' || value === null) return [];
      const bad = 'nullable' in value && !('type' in value) ? [value] : [];
      return [...bad, ...Object.values(value).flatMap(untyped)];
    };
    expect(JSON.stringify(document)).toContain('"nullable":true');
    expect(untyped(document)).toEqual([]);
  });

  test('fills in a request that is valid for each endpoint', async () => {
    const refused: unknown[] = [];
    for (const [path, { post }] of Object.entries(document.paths)) {
      const { example } = post!.requestBody!.content['application/json'];
      // The edge alone has no handler for most of them; what matters is that the parameters are taken.
      const { status, body } = await edge.post(path, example);
      if (status === 400) refused.push([path, body.error.message]);
    }
    expect(refused).toEqual([]);
  });

  test('leaves the sandbox out where there is none', async () => {
    const outside = await openEdge({ env: { SANDBOX: 'false' } });
    const { body } = await outside.get('/openapi.json');
    await outside.close();
    expect(Object.keys(body.paths as object).filter((path) => /simulate|sandbox/.test(path))).toEqual([]);
    expect(Object.keys(body.components.schemas as object)).not.toContain('sandbox_clock');
  });
});

describe('the page of docs', () => {
  test('and all that it needs come from here', async () => {
    const page = await fetch(`${edge.url}/docs`);
    const html = await page.text();
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html).not.toMatch(/https?:\/\//);
    const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, asset]) => asset!);
    expect(assets).toHaveLength(5);
    for (const asset of assets) {
      const answer = await fetch(edge.url + asset);
      expect(answer.status).toBe(200);
      expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(100);
    }
  });

  test('is where the root leads', async () => {
    const answer = await fetch(edge.url, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/docs']);
  });

  test('may be kept for an hour, and the document may not', async () => {
    const kept = async (path: string) => {
      const answer = await fetch(edge.url + path);
      await answer.arrayBuffer();
      return answer.headers.get('cache-control');
    };
    expect(await kept('/docs/swagger-ui.css')).toBe('public, max-age=3600');
    expect(await kept('/openapi.json')).toBe('no-store');
  });

  test.each(['package.json', '..%2fpackage.json', 'index.html'])('does not give out %s', async (file) => {
    expect((await fetch(`${edge.url}/docs/${file}`)).status).toBe(404);
  });
});
