import type { OpenAPIObject } from '@nestjs/swagger';
import { type Edge, openEdge } from '../testing/edge';

let edge: Edge;
let document: OpenAPIObject;
beforeAll(async () => {
  edge = await openEdge();
  document = (await edge.get('/openapi.json', { authorization: '' })).body as OpenAPIObject;
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
    const names = Object.keys(document.components!.schemas!);
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
    const { schemas } = document.components!;
    expect(schemas!.CreateAccessCodeParams).toMatchObject({
      required: ['device_id'],
      properties: { code: { type: 'string', pattern: '^\\d+$', minLength: 4, maxLength: 12 } },
    });
    expect(document.paths['/access_codes/list']!.get!.parameters).toContainEqual(
      expect.objectContaining({ name: 'access_code_ids', in: 'query', required: false, explode: true }),
    );
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
    for (const asset of assets) expect((await fetch(edge.url + asset)).status).toBe(200);
  });

  test.each(['package.json', '..%2fpackage.json', 'index.html'])('does not give out %s', async (file) => {
    expect((await fetch(`${edge.url}/docs/${file}`)).status).toBe(404);
  });
});
