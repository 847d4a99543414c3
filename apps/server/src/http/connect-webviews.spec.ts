import { Browser } from '../testing/browser';
import { useServer } from '../testing/use-server';
import { sdkNames, Sdks } from './testing/sdk';

interface Webview {
  connect_webview_id: string;
  url: string;
  status: string;
  connected_account_id: string | null;
}

const world = useServer();
let sdks: Sdks;
beforeAll(() => {
  sdks = Sdks.start(world.server.url, world.server.sandbox!.apiKey);
  world.beforeStop(() => sdks.stop());
});

const create = async (params: object = {}) =>
  (await world.api.ask<{ connect_webview: Webview }>('/connect_webviews/create', params)).connect_webview;
const read = async ({ connect_webview_id }: Webview) =>
  (await world.api.ask<{ connect_webview: Webview }>('/connect_webviews/get', { connect_webview_id }))
    .connect_webview;

const unescaped = (html: string) => html.replaceAll('&amp;', '&').replaceAll('&quot;', '"');

/** The hidden fields of the page's form, as a browser without JavaScript would send them. */
function fields(html: string): Record<string, string> {
  const inputs = html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g);
  return Object.fromEntries([...inputs].map(([, name, value]) => [name!, unescaped(value!)]));
}

const location = (response: Response) => new URL(response.headers.get('location')!);

/** Opens the page, chooses the lock maker, and decides on its consent page. @returns where that leads back to */
async function consent(
  webview: Webview,
  decision: Record<string, string>,
  browser = new Browser(),
): Promise<{ back: URL; browser: Browser }> {
  const page = await browser.open(webview.url);
  expect(page.status).toBe(200);
  const html = await page.text();
  expect(html).not.toMatch(/<script/);
  const query = new URLSearchParams({ ...fields(html), provider: 'lock-cloud' });
  const away = await browser.open(`${world.server.url}/connect_webviews/authorize?${query.toString()}`);
  expect(away.status).toBe(303);
  const consentPage = await browser.open(location(away));
  const form = await consentPage.text();
  const [, first] = /name="account" value="([^"]+)"/.exec(form)!;
  const body = new URLSearchParams({ ...fields(form), account: first!, ...decision });
  const back = await browser.open(new URL('/oauth/authorize', location(away)), body);
  expect(back.status).toBe(303);
  return { back: location(back), browser };
}

/** All the way and back. @returns what the browser sees then */
async function login(webview: Webview, decision: Record<string, string>): Promise<Response> {
  const { back, browser } = await consent(webview, decision);
  return browser.open(back);
}

/** Where the page's form leads to. */
function authorizing({ url }: Webview): string {
  const query = new URL(url).searchParams;
  query.set('provider', 'lock-cloud');
  return `${world.server.url}/connect_webviews/authorize?${query.toString()}`;
}

/** The consent page's value for an account that was made there before. */
async function accountOf(webview: Webview, house: { new_account: string }): Promise<string> {
  const browser = new Browser();
  const form = await (await browser.open(location(await browser.open(authorizing(webview))))).text();
  const choices = [...form.matchAll(/name="account" value="([^"]+)"[^>]*> ([^(]+) \(/g)];
  return choices.find(([, , name]) => name === house.new_account)![1]!;
}

let made = 0;
const allow = () => ({ decision: 'allow', account: 'new', new_account: `House ${++made}` });

test('an account is connected by its owner, and its locks appear', async () => {
  const webview = await create({ customer_key: 'guest 1', custom_metadata: { floor: '2' } });
  expect(webview).toMatchObject({
    status: 'pending',
    login_successful: false,
    connected_account_id: null,
    customer_key: 'guest 1',
  });
  const { back, browser } = await consent(webview, allow());
  const done = await browser.open(back);
  expect({ status: done.status, text: await done.text() }).toMatchObject({
    status: 200,
    text: expect.stringContaining('Your locks are connected'),
  });
  const after = await read(webview);
  expect(after).toMatchObject({
    status: 'authorized',
    login_successful: true,
    selected_provider: 'lock-cloud',
  });
  await world.api.ask('/sandbox/clock/advance', { by: 'PT1M' });
  const { devices } = await world.api.ask<{ devices: { device_id: string }[] }>('/devices/list', {
    connected_account_id: after.connected_account_id,
  });
  expect(devices).toHaveLength(2);
  // And they can be used.
  const [device] = devices;
  const code = await world.api.create({ device_id: device!.device_id });
  await world.api.ask('/sandbox/clock/advance', { by: 'PT1M' });
  expect((await world.api.get(code.access_code_id)).status).toBe('set');

  const again = await browser.open(back);
  expect(again.status).toBe(400);
  expect(await (await fetch(webview.url)).text()).toContain('Your locks are connected');
});

test('links are not used up by HEAD requests', async () => {
  const webview = await create();
  const { back, browser } = await consent(webview, allow());
  const looked = (url: string) => fetch(url, { method: 'HEAD', redirect: 'manual' });
  expect((await looked(webview.url)).status).toBe(200);
  for (const url of [authorizing(webview), back.href]) {
    const { status, headers } = await looked(url);
    expect([status, headers.get('allow')]).toEqual([405, 'GET']);
  }
  expect((await read(webview)).status).toBe('pending');
  expect((await browser.open(back)).status).toBe(200);
  expect((await read(webview)).status).toBe('authorized');
});

test("the sandbox's own account, connected again, stays one account", async () => {
  const list = () => world.api.ask<{ connected_accounts: unknown[] }>('/connected_accounts/list');
  const before = (await list()).connected_accounts.length;
  const webview = await create();
  await login(webview, { decision: 'allow' });
  expect((await read(webview)).status).toBe('authorized');
  expect((await list()).connected_accounts).toHaveLength(before);
});

test('an owner who denies it can try again', async () => {
  const webview = await create();
  const page = await login(webview, { decision: 'deny' });
  expect(await page.text()).toContain('Access at the lock maker was not granted.');
  expect(await read(webview)).toMatchObject({ status: 'failed', login_successful: false });
  await login(webview, allow());
  expect((await read(webview)).status).toBe('authorized');
});

test('the browser is sent on to where the integration wants it', async () => {
  const webview = await create({
    custom_redirect_url: 'https://example.com/done?x=1',
    custom_redirect_failure_url: 'https://example.com/failed',
  });
  const denied = await login(webview, { decision: 'deny' });
  expect(location(denied).pathname).toBe('/failed');
  const allowed = await login(webview, allow());
  expect(location(allowed).href).toBe(
    `https://example.com/done?x=1&connect_webview_id=${webview.connect_webview_id}`,
  );
});

test('nobody gets in by guessing', async () => {
  const webview = await create();
  const { url } = world.server;
  const wrong = `${url}/connect_webviews/view?connect_webview_id=${webview.connect_webview_id}&auth_token=x`;
  expect((await fetch(wrong)).status).toBe(404);
  const { connect_webview_id: id } = webview;
  for (const query of [
    '',
    '?code=x',
    `?code=x&state=${id}`,
    `?code=x&state=${id}.`,
    `?code=x&state=${id}.x`,
  ]) {
    expect((await fetch(`${url}/connect_webviews/callback${query}`)).status).toBe(400);
  }
  expect((await read(webview)).status).toBe('pending');
});

test('another browser than the one that set out is not let in, nor after the link has been used', async () => {
  const webview = await create();
  const { back, browser } = await consent(webview, allow());
  expect((await new Browser().open(back)).status).toBe(400);
  const other = new Browser();
  await other.open(authorizing(webview));
  expect((await other.open(back)).status).toBe(400);
  // Setting out again ends what was under way before.
  expect((await browser.open(back)).status).toBe(400);
  expect((await read(webview)).status).toBe('pending');
  await login(webview, allow());
  expect((await new Browser().open(authorizing(webview))).status).toBe(410);
});

test('a link ends after a week, and with its deletion', async () => {
  const webview = await create();
  await world.api.ask('/connect_webviews/delete', { connect_webview_id: webview.connect_webview_id });
  expect((await fetch(webview.url)).status).toBe(404);
  const old = await create();
  await world.api.ask('/sandbox/clock/advance', { by: 'PT167H' });
  expect((await fetch(old.url)).status).toBe(200);
  await world.api.ask('/sandbox/clock/advance', { by: 'PT2H' });
  expect((await fetch(old.url)).status).toBe(410);
  expect((await new Browser().open(authorizing(old))).status).toBe(410);
});

test('an account that is connected stays as it is, whatever another link says', async () => {
  const first = await create({ custom_metadata: { floor: '1' }, customer_key: 'guest 9' });
  const house = allow();
  await login(first, house);
  const { connected_account_id } = await read(first);
  const account = () => world.api.ask('/connected_accounts/get', { connected_account_id });
  const before = await account();
  const second = await create({
    custom_metadata: { floor: 'stolen' },
    automatically_manage_new_devices: false,
  });
  const { back, browser } = await consent(second, {
    decision: 'allow',
    account: await accountOf(second, house),
  });
  expect((await browser.open(back)).status).toBe(200);
  expect(await read(second)).toMatchObject({ status: 'authorized', connected_account_id });
  expect(await account()).toEqual(before);
});

test('only the makers that were asked for are offered', async () => {
  const { url } = await create({ accepted_providers: ['august'] });
  expect(await (await fetch(url)).text()).toContain('No lock maker is set up here');
  const refused = await world.api.call('/connect_webviews/create', { excluded_providers: ['lock-cloud'] });
  expect(refused).toMatchObject({ status: 400, body: { error: { type: 'invalid_input' } } });
});

test.each(sdkNames)('%s makes, lists and deletes them', async (sdk) => {
  const { connect_webview_id } = await sdks.call<Webview>(sdk, 'connectWebviews.create', {
    custom_redirect_url: 'https://example.com/done',
    customer_key: sdk,
  });
  const listed = await sdks.call<Webview[]>(sdk, 'connectWebviews.list', { customer_key: sdk });
  expect(listed).toMatchObject([{ connect_webview_id }]);
  await sdks.call(sdk, 'connectWebviews.delete', { connect_webview_id });
  const failure = await sdks.failure(sdk, 'connectWebviews.get', { connect_webview_id });
  expect(failure).toMatchObject({ statusCode: 404, code: 'connect_webview_not_found' });
});
