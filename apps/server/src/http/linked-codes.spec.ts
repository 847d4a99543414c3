import { pinsIn } from '@latchkey/platform';
import { useServer } from '../testing/use-server';
import { type SdkName, sdkNames, Sdks } from './testing/sdk';

interface Code {
  access_code_id: string;
  device_id: string;
  code: string;
  name: string;
  common_code_key: string | null;
  starts_at?: string;
}

const world = useServer();
let sdks: Sdks;
let doors: Record<string, string>;
beforeAll(async () => {
  const { url, sandbox } = world.server;
  sdks = Sdks.start(url, sandbox!.apiKey);
  world.beforeStop(() => sdks.stop());
  const devices = await sdks.call<{ device_id: string; display_name: string }[]>(NEWER, 'devices.list');
  doors = Object.fromEntries(devices.map(({ display_name, device_id }) => [display_name, device_id]));
});

const NEWER: SdkName = '@seamapi/http 2.32';
const all = () => [doors['Front Door']!, doors['Garage']!, doors['Office']!];

describe.each(sdkNames)('by %s', (sdk) => {
  const call = <T>(path: string, params: object) => sdks.call<T>(sdk, path, params);
  const codesOn = (device_id: string) => call<Code[]>('accessCodes.list', { device_id });
  const clear = async () => {
    for (const device_id of all()) {
      for (const { access_code_id } of await codesOn(device_id)) {
        await call('accessCodes.delete', { access_code_id });
      }
    }
  };
  afterEach(clear);

  test('a code is drawn that all devices take, and they are changed together', async () => {
    const codes = await call<Code[]>('accessCodes.createMultiple', {
      device_ids: all(),
      name: 'Family',
      starts_at: '2099-01-01T00:00:00Z',
      ends_at: '2099-01-02T00:00:00Z',
    });
    expect(codes.map(({ device_id }) => device_id)).toEqual(all());
    expect(new Set(codes.map(({ code }) => code)).size).toBe(1);
    // The office's rule; the other doors would take four digits.
    expect(codes[0]!.code).toMatch(/^\d{6}$/);
    const key = codes[0]!.common_code_key;
    expect(key).toMatch(/^auto_set_by_create_multiple_[0-9a-f-]{36}$/);
    expect(codes.every(({ common_code_key }) => common_code_key === key)).toBe(true);

    await call('accessCodes.updateMultiple', {
      common_code_key: key,
      name: 'Friends',
      starts_at: '2099-01-01T12:00:00Z',
    });
    for (const { access_code_id } of codes) {
      expect(await call<Code>('accessCodes.get', { access_code_id })).toMatchObject({
        name: 'Friends',
        starts_at: '2099-01-01T12:00:00.000Z',
      });
    }
  });

  test('a given code links nothing', async () => {
    const codes = await call<Code[]>('accessCodes.createMultiple', {
      device_ids: [doors['Front Door'], doors['Garage']],
      code: '7391',
    });
    expect(codes).toMatchObject([
      { code: '7391', common_code_key: null },
      { code: '7391', common_code_key: null },
    ]);
  });

  test('where one device can not have the code, none gets it', async () => {
    const ids = async () =>
      (await Promise.all(all().map(codesOn))).flat().map(({ access_code_id }) => access_code_id);
    const before = await ids();
    const failure = await sdks.failure(sdk, 'accessCodes.createMultiple', {
      device_ids: all(),
      code: '7391',
    });
    expect(failure).toMatchObject({ statusCode: 400, code: 'invalid_input' });
    expect((await ids()).filter((id) => !before.includes(id))).toEqual([]);
  });

  test('or, if so wished, a code of its own', async () => {
    const codes = await call<Code[]>('accessCodes.createMultiple', {
      device_ids: all(),
      code: '7391',
      behavior_when_code_cannot_be_shared: 'create_random_code',
    });
    expect(codes.map(({ code }) => code)).toEqual(['7391', '7391', expect.stringMatching(/^\d{6}$/)]);
  });

  test('a change that one of them refuses changes none', async () => {
    const codes = await call<Code[]>('accessCodes.createMultiple', {
      device_ids: [doors['Front Door'], doors['Garage']],
      starts_at: '2099-01-01T00:00:00Z',
      ends_at: '2099-01-02T00:00:00Z',
    });
    const { code, common_code_key } = codes[0]!;
    // The same PIN, later, on the second door alone: the window can't be moved onto it.
    await call('accessCodes.create', {
      device_id: doors['Garage'],
      code,
      starts_at: '2099-01-03T00:00:00Z',
      ends_at: '2099-01-04T00:00:00Z',
    });
    const failure = await sdks.failure(sdk, 'accessCodes.updateMultiple', {
      common_code_key,
      ends_at: '2099-01-03T12:00:00Z',
    });
    expect(failure).toMatchObject({ statusCode: 409, code: 'duplicate_access_code' });
    for (const { access_code_id } of codes) {
      expect(await call<Code>('accessCodes.get', { access_code_id })).toMatchObject({
        ends_at: '2099-01-02T00:00:00.000Z',
      });
    }
  });

  test('a PIN is generated that the device takes', async () => {
    const generated = await call('accessCodes.generateCode', { device_id: doors['Office'] });
    expect(generated).toEqual({ device_id: doors['Office'], code: expect.stringMatching(/^\d{6}$/) });
  });
});

test('the timeline of a code tells its life and who did it, without its PIN', async () => {
  const { access_code_id } = await sdks.call<Code>(NEWER, 'accessCodes.create', {
    device_id: doors['Front Door'],
    code: '73915',
  });
  await world.api.ask('/sandbox/clock/advance', { by: 'PT1M' });
  await sdks.call(NEWER, 'accessCodes.update', { access_code_id, name: 'Guest', code: '86204' });
  await sdks.call(NEWER, 'accessCodes.delete', { access_code_id });
  await world.api.ask('/sandbox/clock/advance', { by: 'PT1H' });
  const page = await world.api.ask('/access_codes/get_timeline', { access_code_id });
  const { timeline_events: events, pagination } = page as unknown as {
    timeline_events: { event_type: string; actor: { type: string; id?: string } }[];
    pagination: object;
  };
  const types = events.map(({ event_type }) => event_type);
  expect(types[0]).toBe('access_code.created');
  expect(types).toContain('access_code.mutations_requested');
  expect(types.at(-1)).toBe('access_code.deleted');
  expect(events[0]!.actor).toEqual({ type: 'api_key', id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  expect(events.find(({ event_type }) => event_type.startsWith('internal'))?.actor.type).toBe('system');
  expect(pagination).toMatchObject({ has_more: false, next_cursor: null });
  expect(pinsIn(JSON.stringify(page), '73915', '86204')).toEqual([]);
});
