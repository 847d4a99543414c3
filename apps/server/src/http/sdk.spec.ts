import { HOUR } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import { type Edge, NOW, openEdge } from './testing/edge';
import { sdkNames, Sdks } from './testing/sdk';

interface Code {
  access_code_id: string;
  name: string;
  device_id: string;
}

let edge: Edge;
let sdks: Sdks;
let withWrongKey: Sdks;
beforeAll(async () => {
  edge = await openEdge();
  sdks = Sdks.start(edge.url, edge.apiKey);
  withWrongKey = Sdks.start(edge.url, 'seam_not_a_key');
});
afterAll(async () => {
  await sdks.stop();
  await withWrongKey.stop();
  await edge.close();
});

describe.each(sdkNames)('the official SDK %s', (sdk) => {
  const device_id = randomUUID();

  test('creates, reads, changes and deletes a code', async () => {
    const code = await sdks.call<Code>(sdk, 'accessCodes.create', {
      device_id,
      name: 'Guest',
      starts_at: new Date(NOW + HOUR).toISOString(),
      ends_at: new Date(NOW + 7_200_000).toISOString(),
    });
    expect(code).toMatchObject({ name: 'Guest', device_id, type: 'time_bound' });
    const { access_code_id } = code;

    await sdks.call(sdk, 'accessCodes.update', { access_code_id, name: 'Cleaner' });
    expect(await sdks.call(sdk, 'accessCodes.get', { access_code_id })).toMatchObject({ name: 'Cleaner' });
    expect(await sdks.call(sdk, 'accessCodes.get', { device_id, code: '1234' })).toMatchObject({
      access_code_id,
    });

    await sdks.call(sdk, 'accessCodes.delete', { access_code_id });
    expect(await sdks.failure(sdk, 'accessCodes.get', { access_code_id })).toMatchObject({
      name: 'SeamHttpApiError',
      code: 'access_code_not_found',
      statusCode: 404,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test('pages through a list', async () => {
    const listed = randomUUID();
    const ids = Array.from({ length: 7 }, () => edge.shelf.add(edge.workspaceId, { deviceId: listed }));
    const codes = await sdks.all<Code>(sdk, 'accessCodes.list', { device_id: listed, limit: 3 });
    expect(codes.map((code) => code.access_code_id)).toEqual(ids);
    const some = await sdks.call<Code[]>(sdk, 'accessCodes.list', { access_code_ids: ids.slice(0, 2) });
    expect(some).toHaveLength(2);
    expect(await sdks.call<Code[]>(sdk, 'accessCodes.list', { access_code_ids: [] })).toEqual([]);
  });

  test('reads devices and accounts, and plays with them', async () => {
    expect(await sdks.call(sdk, 'devices.get', { device_id })).toMatchObject({ device_id });
    expect(await sdks.call(sdk, 'devices.list', { custom_metadata_has: { floor: 'two' } })).toHaveLength(1);
    expect(await sdks.call(sdk, 'devices.list')).toHaveLength(1);
    expect(await sdks.call(sdk, 'connectedAccounts.list')).toHaveLength(1);
    const connected_account_id = randomUUID();
    expect(await sdks.call(sdk, 'connectedAccounts.get', { connected_account_id })).toMatchObject({
      connected_account_id,
    });
    await sdks.call(sdk, 'devices.simulate.disconnect', { device_id });
    await sdks.call(sdk, 'connectedAccounts.simulate.disconnect', { connected_account_id });
    expect(edge.shelf.done.slice(-2)).toMatchObject([
      { deviceId: device_id, what: 'disconnect' },
      { connectedAccountId: connected_account_id, what: 'disconnect' },
    ]);
  });

  test('reads events', async () => {
    const event_id = randomUUID();
    expect(await sdks.call(sdk, 'events.get', { event_id })).toMatchObject({ event_id });
    const between = [new Date(NOW).toISOString(), new Date(NOW + 1000).toISOString()];
    expect(
      await sdks.call(sdk, 'events.list', { between, event_types: ['access_code.created'] }),
    ).toHaveLength(1);
    expect(edge.shelf.done.at(-1)).toMatchObject({
      filter: { between: [NOW, NOW + 1000], eventTypes: ['access_code.created'] },
    });
    expect(await sdks.call(sdk, 'events.list', { since: between[0], limit: 5 })).toHaveLength(1);
  });

  test('reads its workspace', async () => {
    expect(await sdks.call(sdk, 'workspaces.get')).toMatchObject({ workspace_id: edge.workspaceId });
  });

  test('is told which parameter was wrong', async () => {
    const { name, code, about } = await sdks.failure(sdk, 'accessCodes.create', { device_id, code: '12' });
    expect({ name, code, about }).toEqual({
      name: 'SeamHttpInvalidInputError',
      code: 'invalid_input',
      about: { device_id: [], code: ['must be a string of 4 to 12 digits'] },
    });
  });

  test('is told when its key is not good', async () => {
    const failure = await withWrongKey.failure(sdk, 'devices.list');
    expect(failure).toMatchObject({ name: 'SeamHttpUnauthorizedError', statusCode: 401 });
  });
});
