import { apiKeys } from '../cli/api-keys';
import { Api } from '../testing/api';
import { useServer } from '../testing/use-server';

type Body = Record<string, unknown>;

const world = useServer();
let otherWorkspace: Api;
let ids: Record<string, string>;

const first = (list: unknown) => (list as Body[])[0]!;

beforeAll(async () => {
  const { api } = world;
  const { workspace } = await api.ask<{ workspace: Body }>('/workspaces/create', { name: 'Elsewhere' });
  const lines: string[] = [];
  await apiKeys(
    [
      'make',
      '--name',
      'Elsewhere',
      '--audit',
      '--operations',
      '--erasure',
      '--workspace',
      workspace.workspace_id as string,
    ],
    { DATA_DIR: world.dataDir },
    (line) => lines.push(line),
    () => undefined,
  );
  otherWorkspace = new Api(
    api.url,
    lines.find((line) => line.startsWith('seam_'))!,
  );
  const device_id = (await world.locks.named('Front Door')).deviceId;
  const code = await api.create({ device_id, code: '73915' });
  await api.ask('/sandbox/clock/advance', { by: 'PT1M' });
  const { webhook } = await api.ask<{ webhook: Body }>('/webhooks/create', { url: 'http://127.0.0.1:9/' });
  const { connect_webview } = await api.ask<{ connect_webview: Body }>('/connect_webviews/create');
  const { action_attempt } = await api.ask<{ action_attempt: Body }>('/locks/unlock_door', { device_id });
  ids = {
    device_id,
    access_code_id: code.access_code_id,
    connected_account_id: first((await api.ask('/connected_accounts/list')).connected_accounts)
      .connected_account_id as string,
    event_id: first((await api.ask('/events/list')).events).event_id as string,
    webhook_id: webhook.webhook_id as string,
    connect_webview_id: connect_webview.connect_webview_id as string,
    action_attempt_id: action_attempt.action_attempt_id as string,
  };
}, 60_000);

/** What else those endpoints must be told. */
const besides: Record<string, object> = {
  '/audit/door_at': { at: '2020-01-01T00:00:00Z' },
  '/audit/door_between': { from: '2020-01-01T00:00:00Z', to: '2030-01-01T00:00:00Z' },
  '/webhooks/update': { event_types: ['*'] },
  '/webhooks/replay': { since: '2030-01-01T00:00:00Z' },
  '/access_codes/update': { name: 'Mine now' },
  '/locks/simulate/keypad_code_entry': { code: '4821' },
  '/access_codes/simulate/create_unmanaged_access_code': { name: 'Neighbour', code: '4821' },
  '/access_codes/unmanaged/update': { is_managed: true },
  '/access_codes/report_device_constraints': { supported_code_lengths: [6] },
};

test('an id of another workspace is not found, at every endpoint', async () => {
  const document = (await (await fetch(`${otherWorkspace.url}/openapi.json`)).json()) as {
    paths: Record<string, unknown>;
    components: { schemas: Record<string, { properties?: object }> };
  };
  const endpoints = Object.entries(document.paths).flatMap(([path, operations]) => {
    const name = /schemas\/(\w+Params)"/.exec(JSON.stringify(operations))![1]!;
    const { properties = {} } = document.components.schemas[name]!;
    // A list that is narrowed to somebody else's is empty; see below. So is a stream of events, which never ends.
    const param = Object.keys(properties).find((key) => key in ids);
    return param && !/\/(list|history|stream)$/.test(path) ? [{ path, param }] : [];
  });
  expect(endpoints.length).toBeGreaterThan(20);
  const answers = await Promise.all(
    endpoints.map(async ({ path, param }) => {
      const { status, body } = await otherWorkspace.call(path, { [param]: ids[param], ...besides[path] });
      return `${path} ${status} ${body.error?.type}`;
    }),
  );
  expect(answers.filter((answer) => !/ 404 \w+_not_found$/.test(answer))).toEqual([]);
});

test('its PIN on its device finds nothing', async () => {
  const { device_id } = ids;
  expect((await otherWorkspace.call('/access_codes/get', { device_id, code: '73915' })).status).toBe(404);
  const several = await otherWorkspace.call('/access_codes/create_multiple', { device_ids: [device_id] });
  expect(several).toMatchObject({ status: 404, body: { error: { type: 'device_not_found' } } });
});

test('every list is empty', async () => {
  const { device_id, access_code_id, connected_account_id, action_attempt_id } = ids;
  const lists: [string, object][] = [
    ['/access_codes/list', {}],
    ['/access_codes/list', { device_id }],
    ['/access_codes/list', { access_code_ids: [access_code_id] }],
    ['/devices/list', { device_ids: [device_id] }],
    ['/locks/list', {}],
    ['/connected_accounts/list', {}],
    ['/devices/list', { connected_account_id }],
    ['/events/list', {}],
    ['/events/list', { device_id }],
    ['/webhooks/list', {}],
    ['/connect_webviews/list', {}],
    ['/action_attempts/list', { action_attempt_ids: [action_attempt_id] }],
    ['/action_attempts/list', {}],
    ['/action_attempts/list', { device_id }],
    ['/devices/unmanaged/list', {}],
    ['/devices/unmanaged/list', { device_ids: [device_id] }],
  ];
  for (const [path, params] of lists) {
    const body = await otherWorkspace.ask<Body>(path, params);
    const key = path.split('/')[1]!;
    expect({ path, found: body[key] }).toEqual({ path, found: [] });
  }
});

test('its history is nobody else’s', async () => {
  const { device_id, access_code_id, connected_account_id } = ids;
  for (const filter of [{}, { device_id }, { access_code_id }, { connected_account_id }]) {
    expect(await otherWorkspace.ask('/audit/history', filter)).toMatchObject({ audit_entries: [] });
  }
});
