import { randomUUID } from 'node:crypto';
import { type Answer, type Edge, openEdge } from './testing/edge';

function expectTooMany({ status, headers, body }: Answer) {
  expect({ status, type: body.error.type }).toEqual({ status: 429, type: 'too_many_requests' });
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
}

describe('limits on devices', () => {
  let edge: Edge;
  const device_id = randomUUID();
  beforeAll(async () => {
    edge = await openEdge({
      env: { RATE_LIMIT_CREATE: '3', RATE_LIMIT_UPDATE: '2', RATE_LIMIT_DELETE: '1' },
    });
  });
  afterAll(() => edge.close());

  test('hold for each device by itself, and for each kind of request', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) {
      const { status, body } = await edge.post('/access_codes/create', { device_id });
      expect(status).toBe(200);
      ids.push(body.access_code.access_code_id as string);
    }
    expectTooMany(await edge.post('/access_codes/create', { device_id }));
    expect((await edge.post('/access_codes/create', { device_id: randomUUID() })).status).toBe(200);

    const change = () => edge.post('/access_codes/update', { access_code_id: ids[0], name: 'Guest' });
    expect([(await change()).status, (await change()).status]).toEqual([200, 200]);
    expectTooMany(await change());

    expect((await edge.post('/access_codes/delete', { access_code_id: ids[1] })).status).toBe(200);
    expectTooMany(await edge.post('/access_codes/delete', { access_code_id: ids[2] }));
  });

  test('count nothing that was refused for another reason', async () => {
    const device = randomUUID();
    for (let n = 0; n < 5; n++) await edge.post('/access_codes/create', { device_id: device, code: 'x' });
    expect((await edge.post('/access_codes/create', { device_id: device })).status).toBe(200);
  });
});

test('a limit on keys holds for each key by itself', async () => {
  const edge = await openEdge({ env: { RATE_LIMIT_PER_KEY: '5' } });
  for (let n = 0; n < 5; n++) expect((await edge.post('/workspaces/get', {})).status).toBe(200);
  expectTooMany(await edge.post('/workspaces/get', {}));
  const other = { authorization: `Bearer ${edge.foreignKey}` };
  expect((await edge.post('/workspaces/get', {}, other)).status).toBe(200);
  await edge.close();
});
