import type { OpenApiDocument, SchemaObject } from '@latchkey/http';
import { Ajv } from 'ajv';
import { useServer } from '../testing/use-server';

const world = useServer();

const published = async () =>
  (await (await fetch(`${world.server.url}/openapi.json`)).json()) as OpenApiDocument;

test('each endpoint is shown by an example that is valid', async () => {
  const { components, paths } = await published();
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'document', components });
  const bodies = Object.entries(paths).flatMap(([path, { post }]) =>
    post?.requestBody ? [{ path, ...post.requestBody.content['application/json'] }] : [],
  );
  expect(bodies.length).toBeGreaterThan(50);
  for (const { path, schema, example } of bodies) {
    const validate = ajv.compile({ $ref: `document${(schema as { $ref: string }).$ref}` });
    validate(example);
    expect({ path, faults: validate.errors }).toEqual({ path, faults: null });
  }
});

test('each endpoint is described by what it takes itself, also where another is called alike', async () => {
  const { components, paths } = await published();
  const takenBy = (path: string) => {
    const { schema } = paths[path]!.post!.requestBody!.content['application/json'];
    const name = (schema as { $ref: string }).$ref.split('/').at(-1)!;
    return Object.keys((components.schemas[name] as SchemaObject).properties!);
  };
  expect(takenBy('/parked_events/list')).toEqual(['limit']);
  expect(takenBy('/subscriptions/list_parked')).toContain('name');
});

test("the sandbox's examples work as they stand in the page of docs", async () => {
  const document = await published();
  const paths = [
    '/access_codes/create',
    '/access_codes/generate_code',
    '/access_codes/list',
    '/connected_accounts/get',
    '/connected_accounts/sync',
    '/devices/get',
    '/devices/list',
    '/events/get',
    '/locks/unlock_door',
    '/webhooks/create',
    '/sandbox/clock/advance',
  ];
  for (const path of paths) {
    const { example } = document.paths[path]!.post!.requestBody!.content['application/json'];
    expect(await world.api.ask<object>(path, example as object)).toMatchObject({ ok: true });
  }
});
