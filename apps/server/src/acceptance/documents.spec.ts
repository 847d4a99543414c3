import type { OpenApiDocument } from '@latchkey/http';
import { useServer } from '../testing/use-server';

const world = useServer();

test("the sandbox's examples work as they stand in the page of docs", async () => {
  const text = await (await fetch(`${world.server.url}/openapi.json`)).text();
  const document = JSON.parse(text) as OpenApiDocument;
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
