import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { useServer } from '../testing/use-server';
import { sdkNames, Sdks } from './testing/sdk';

interface Webhook {
  webhook_id: string;
  url: string;
  event_types: string[];
  secret: string;
}

const world = useServer();
let sdks: Sdks;
beforeAll(() => {
  sdks = Sdks.start(world.server.url, world.server.sandbox!.apiKey);
  world.beforeStop(() => sdks.stop());
});

describe.each(sdkNames)('by %s', (sdk) => {
  test('a webhook is made, read, changed and ended', async () => {
    const url = 'http://127.0.0.1:9/hook';
    const webhook = await sdks.call<Webhook>(sdk, 'webhooks.create', { url });
    expect(webhook).toEqual({
      webhook_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      url,
      event_types: ['*'],
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]+=*$/),
    });
    const { webhook_id } = webhook;
    expect(await sdks.call(sdk, 'webhooks.get', { webhook_id })).toEqual(webhook);
    await sdks.call(sdk, 'webhooks.update', { webhook_id, event_types: ['device.connected'] });
    expect(await sdks.call<Webhook[]>(sdk, 'webhooks.list')).toEqual([
      { ...webhook, event_types: ['device.connected'] },
    ]);
    await sdks.call(sdk, 'webhooks.delete', { webhook_id });
    expect(await sdks.failure(sdk, 'webhooks.get', { webhook_id })).toMatchObject({
      statusCode: 404,
      code: 'webhook_not_found',
    });
  });
});

test.each(['nowhere', 'ftp://example.com/x', 'javascript:alert(1)', 'http://', 'http://a b/'])(
  'a webhook to %s is refused',
  async (url) => {
    const { status, body } = await world.api.call('/webhooks/create', { url });
    expect({ status, param: Object.keys(body.error!.validation_errors!) }).toEqual({
      status: 400,
      param: ['url'],
    });
  },
);

test('a replay is of a webhook that there is, and of a range that is one', async () => {
  const { webhook } = await world.api.ask<{ webhook: Webhook }>('/webhooks/create', {
    url: 'http://127.0.0.1:9/hook',
  });
  const { webhook_id } = webhook;
  const [since, until] = ['2030-01-01T00:00:00Z', '2030-01-02T00:00:00Z'];
  const backwards = await world.api.call('/webhooks/replay', { webhook_id, since: until, until: since });
  expect(backwards.status).toBe(400);
  const foreign = await world.api.call('/webhooks/replay', { webhook_id: randomUUID(), since, until });
  expect(foreign.status).toBe(404);
  expect(await world.api.ask('/webhooks/replay', { webhook_id, since, until })).toMatchObject({
    replay: { queued: 0 },
  });
});

test('the clock is set forward without waiting for a webhook that is silent, and a healthy one misses nothing', async () => {
  const told: string[] = [];
  const receiver = createServer((request, response) => {
    if (request.url === '/silent') return;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      told.push((JSON.parse(Buffer.concat(chunks).toString()) as { event_type: string }).event_type);
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  for (const path of ['/silent', '/healthy']) {
    await world.api.ask('/webhooks/create', { url: origin + path, event_types: ['access_code.*'] });
  }
  const { devices } = await world.api.ask<{ devices: { device_id: string }[] }>('/devices/list');
  await world.api.ask('/access_codes/create', { device_id: devices[0]!.device_id, name: 'Guest' });
  const began = Date.now();
  await world.api.ask('/sandbox/clock/advance', { by: 'PT10M' });

  // An attempt at a silent endpoint takes 15 s.
  expect(Date.now() - began).toBeLessThan(10_000);
  expect(told).toEqual(expect.arrayContaining(['access_code.created', 'access_code.set_on_device']));
  receiver.closeAllConnections();
  receiver.close();
});
