import { seamSchema } from '@latchkey/platform';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { typeFaults } from '../testing/sdk-types';
import { useServer } from '../testing/use-server';

type Body = Record<string, unknown>;

const world = useServer();
let device_id: string;
const answers = new Map<string, Body>();

/** Asks, and keeps the answer to be looked at. */
async function ask(path: string, params: object = {}): Promise<Body> {
  const body = await world.api.ask<Body>(path, params);
  answers.set(path, body);
  return body;
}

const first = (list: unknown) => (list as Body[])[0]!;

beforeAll(async () => {
  device_id = (await world.locks.named('Front Door')).deviceId;
  const elsewhere = (await world.locks.named('Garage')).deviceId;
  const ends_at = '2099-01-01T00:00:00Z';
  const created = await ask('/access_codes/create', {
    device_id,
    name: 'Guest',
    starts_at: '2098-12-31T00:00:00Z',
    ends_at,
  });
  const { access_code_id } = created.access_code as Body;
  await ask('/access_codes/update', { access_code_id, name: 'Cleaner' });
  await ask('/access_codes/create_multiple', { device_ids: [device_id] });
  await ask('/access_codes/generate_code', { device_id });
  await world.api.ask('/sandbox/clock/advance', { by: 'PT1M' });
  await ask('/access_codes/get', { access_code_id });
  await ask('/access_codes/list');
  await ask('/access_codes/get_timeline', { access_code_id });
  const theirs = await ask('/access_codes/simulate/create_unmanaged_access_code', {
    ...{ device_id, name: 'Neighbour', code: '48217' },
  });
  await ask('/access_codes/unmanaged/get', {
    access_code_id: (theirs.access_code as Body).access_code_id,
  });
  await ask('/access_codes/unmanaged/list', { device_id });
  const stay = { starts_at: '2020-01-01T00:00:00Z', ends_at, use_backup_access_code_pool: true };
  const backed = await world.api.ask<Body>('/access_codes/create', { device_id, ...stay });
  await world.api.ask('/sandbox/clock/advance', { by: 'PT1M' });
  const troubled = (backed.access_code as Body).access_code_id;
  await ask('/access_codes/pull_backup_access_code', { access_code_id: troubled });
  await ask('/devices/get', { device_id });
  await ask('/devices/list');
  await ask('/devices/list_device_providers');
  const accounts = await ask('/connected_accounts/list');
  const { connected_account_id } = first(accounts.connected_accounts);
  await ask('/connected_accounts/get', { connected_account_id });
  const events = await ask('/events/list');
  await ask('/events/get', { event_id: first(events.events).event_id });
  const { connect_webview } = await ask('/connect_webviews/create', { customer_key: 'guest' });
  await ask('/connect_webviews/get', { connect_webview_id: (connect_webview as Body).connect_webview_id });
  await ask('/connect_webviews/list');
  await ask('/locks/get', { device_id });
  await ask('/locks/list');
  const { action_attempt } = await ask('/locks/unlock_door', { device_id });
  const { action_attempt_id } = action_attempt as Body;
  await world.api.ask('/sandbox/clock/advance', { by: 'PT1M' });
  await ask('/action_attempts/get', { action_attempt_id });
  await ask('/action_attempts/list', { action_attempt_ids: [action_attempt_id] });
  await ask('/locks/simulate/keypad_code_entry', { device_id, code: '1234' });
  await ask('/locks/simulate/manual_lock_via_keypad', { device_id });
  await ask('/connected_accounts/update', { connected_account_id, custom_metadata: { floor: '2' } });
  await ask('/devices/update', { device_id: elsewhere, name: 'Shed', custom_metadata: { vip: true } });
  await ask('/devices/update', { device_id: elsewhere, is_managed: false });
  await ask('/devices/unmanaged/get', { device_id: elsewhere });
  await ask('/devices/unmanaged/list');
  await ask('/webhooks/create', { url: 'http://127.0.0.1:9/' });
  await ask('/webhooks/list');
  await ask('/workspaces/get');
  await ask('/workspaces/list');
  await ask('/workspaces/create', { name: 'Another' });
  await ask('/sandbox/clock/get');
  await ask('/access_codes/delete', { access_code_id });
  for (const request of ['create', 'update', 'delete']) {
    const { action_attempt_id } = answers.get(`/access_codes/${request}`)!.action_attempt as Body;
    const found = await world.api.ask<Body>('/action_attempts/get', { action_attempt_id });
    answers.set(`the attempt to ${request}`, found);
  }
  await ask('/workspaces/reset_sandbox');
}, 60_000);

/** What of which answer is shown by which of Seam's names. */
const SHOWN: readonly (readonly [path: string, key: string, name: string])[] = [
  ['/access_codes/create', 'access_code', 'access_code'],
  ['/access_codes/create', 'action_attempt', 'action_attempt'],
  ['/access_codes/update', 'action_attempt', 'action_attempt'],
  ['/access_codes/delete', 'action_attempt', 'action_attempt'],
  ['the attempt to create', 'action_attempt', 'action_attempt'],
  ['the attempt to update', 'action_attempt', 'action_attempt'],
  ['the attempt to delete', 'action_attempt', 'action_attempt'],
  ['/access_codes/create_multiple', 'access_codes', 'access_code'],
  ['/access_codes/get', 'access_code', 'access_code'],
  ['/access_codes/list', 'access_codes', 'access_code'],
  ['/access_codes/list', 'pagination', 'pagination'],
  ['/access_codes/simulate/create_unmanaged_access_code', 'access_code', 'unmanaged_access_code'],
  ['/access_codes/unmanaged/get', 'access_code', 'unmanaged_access_code'],
  ['/access_codes/unmanaged/list', 'access_codes', 'unmanaged_access_code'],
  ['/access_codes/unmanaged/list', 'pagination', 'pagination'],
  ['/access_codes/pull_backup_access_code', 'access_code', 'access_code'],
  ['/access_codes/pull_backup_access_code', 'backup_access_code', 'access_code'],
  ['/devices/get', 'device', 'device'],
  ['/devices/list', 'devices', 'device'],
  ['/devices/list', 'pagination', 'pagination'],
  ['/devices/list_device_providers', 'device_providers', 'device_provider'],
  ['/connected_accounts/get', 'connected_account', 'connected_account'],
  ['/connected_accounts/list', 'connected_accounts', 'connected_account'],
  ['/events/get', 'event', 'event'],
  ['/events/list', 'events', 'event'],
  ['/connect_webviews/create', 'connect_webview', 'connect_webview'],
  ['/connect_webviews/list', 'connect_webviews', 'connect_webview'],
  ['/locks/get', 'lock', 'device'],
  ['/locks/list', 'locks', 'device'],
  ['/locks/unlock_door', 'action_attempt', 'action_attempt'],
  ['/action_attempts/get', 'action_attempt', 'action_attempt'],
  ['/action_attempts/list', 'action_attempts', 'action_attempt'],
  ['/locks/simulate/keypad_code_entry', 'action_attempt', 'action_attempt'],
  ['/locks/simulate/manual_lock_via_keypad', 'action_attempt', 'action_attempt'],
  ['/connected_accounts/update', 'connected_account', 'connected_account'],
  ['/devices/unmanaged/get', 'device', 'unmanaged_device'],
  ['/devices/unmanaged/list', 'devices', 'unmanaged_device'],
  ['/webhooks/create', 'webhook', 'webhook'],
  ['/webhooks/list', 'webhooks', 'webhook'],
  ['/workspaces/reset_sandbox', 'action_attempt', 'action_attempt'],
  ['/workspaces/get', 'workspace', 'workspace'],
  ['/workspaces/list', 'workspaces', 'workspace'],
];

test.each(SHOWN)('%s: %s is as Seam publishes it', async (path, key, name) => {
  const check = await seamSchema(name);
  const shown = [answers.get(path)![key]].flat();
  expect(shown.length).toBeGreaterThan(0);
  // Lock makers of one's own are none that Seam knows.
  const faults = shown
    .flatMap((value) => check(value))
    .filter((fault) => !/device_type|provider/.test(fault));
  expect(faults).toEqual([]);
});

/** What the newest SDK calls them. */
const SDK_TYPES: Readonly<Record<string, string>> = {
  access_code: 'AccessCode',
  unmanaged_access_code: 'UnmanagedAccessCode',
  action_attempt: 'ActionAttempt',
  connect_webview: 'ConnectWebview',
  connected_account: 'ConnectedAccount',
  device: 'Device',
  device_provider: 'DeviceProvider',
  event: 'SeamEvent',
  unmanaged_device: 'UnmanagedDevice',
  webhook: 'Webhook',
  workspace: 'Workspace',
};

test('what is not managed is shown with what newer SDKs require', () => {
  const codes = answers.get('/access_codes/unmanaged/list')!.access_codes as Body[];
  expect(codes.map(({ display_status }) => display_status)).toEqual(['Set on the device']);
  expect(answers.get('/devices/unmanaged/get')!.device).toMatchObject({
    display_name: 'Shed',
    can_program_online_access_codes: true,
    can_remotely_lock: true,
    can_remotely_unlock: true,
  });
  const { action_attempt } = answers.get('/access_codes/update')!;
  expect(action_attempt).toMatchObject({ result: { access_code: { name: 'Cleaner' } } });
});

test('every answer has the type that the newest SDK gives it', () => {
  const shown = SHOWN.filter(([, , name]) => name !== 'pagination');
  // Lock makers of one's own are none that Seam knows.
  const samples = shown.flatMap(([path, key, name]) =>
    ([answers.get(path)![key]].flat() as Body[]).map((value) => ({
      name: `${path} ${key}`,
      type: SDK_TYPES[name]!,
      value: name === 'device_provider' ? { ...value, device_provider_name: 'august' } : value,
    })),
  );
  expect(new Set(samples.map(({ type }) => type)).size).toBe(Object.keys(SDK_TYPES).length);
  expect(typeFaults(samples)).toEqual([]);
  const wrong = { ...samples[0]!, value: { ...samples[0]!.value, status: 'none that there is' } };
  expect(typeFaults([wrong])).toEqual([expect.stringContaining('status')]);
});

test('every answer is as our own OpenAPI document says', async () => {
  const document = (await (await fetch(`${world.server.url}/openapi.json`)).json()) as {
    paths: Record<
      string,
      { post: { responses: { 200: { content: { 'application/json': { schema: Body } } } } } }
    >;
    components: { schemas: Record<string, Body> };
  };
  const ajv = new Ajv({ strict: false });
  addFormats(ajv);
  const asked = [...answers].filter(([path]) => path.startsWith('/'));
  const faults = asked.flatMap(([path, body]) => {
    const { schema } = document.paths[path]!.post.responses[200].content['application/json'];
    const validate = ajv.compile({ ...schema, components: document.components });
    return validate(body) ? [] : [`${path}: ${ajv.errorsText(validate.errors)}`];
  });
  expect(faults).toEqual([]);
});
