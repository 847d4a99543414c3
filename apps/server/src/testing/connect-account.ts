import type { Api } from './api';
import { Browser } from './browser';

export interface Webview {
  readonly connect_webview_id: string;
  readonly url: string;
  readonly status: string;
  readonly login_successful: boolean;
  readonly connected_account_id: string | null;
}

let made = 0;

/**
 * Connects an account of the lock cloud as its owner would, in a browser: by the page, the lock maker's consent and
 * back.
 * @param provider the lock maker, by name
 * @param house the account's name there; a new account with two locks unless it was named before
 */
export async function connectAccount(
  api: Api,
  params: object = {},
  house?: string,
  provider = 'lock-cloud',
): Promise<{ webview: Webview; house: string; page: string }> {
  const { connect_webview } = await api.ask<{ connect_webview: Webview }>('/connect_webviews/create', params);
  const browser = new Browser();
  const html = await (await browser.open(connect_webview.url)).text();
  const query = new URLSearchParams({ ...hiddenFields(html), provider });
  const away = await sentOn(await browser.open(`${api.url}/connect_webviews/authorize?${query.toString()}`));
  const form = await (await browser.open(away)).text();
  const name = house ?? `Cottage ${++made}`;
  const choice: Record<string, string> =
    house === undefined ? { account: 'new', new_account: name } : { account: accountNamed(form, house) };
  const body = new URLSearchParams({ ...hiddenFields(form), ...choice, decision: 'allow' });
  const consent = await browser.open(new URL('/oauth/authorize', away), body);
  const page = await (await browser.open(await sentOn(consent))).text();
  const { connect_webview: webview } = await api.ask<{ connect_webview: Webview }>('/connect_webviews/get', {
    connect_webview_id: connect_webview.connect_webview_id,
  });
  return { webview, house: name, page };
}

async function sentOn(response: Response): Promise<URL> {
  const location = response.headers.get('location');
  if (location === null) throw new Error(`not sent on: ${response.status} ${await response.text()}`);
  return new URL(location);
}

const unescaped = (html: string) => html.replaceAll('&amp;', '&').replaceAll('&quot;', '"');

export function hiddenFields(html: string): Record<string, string> {
  const inputs = html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g);
  return Object.fromEntries([...inputs].map(([, name, value]) => [name!, unescaped(value!)]));
}

/** The value of the choice beside which a name stands. */
function accountNamed(form: string, name: string): string {
  const at = form.indexOf(name);
  const before = [...form.slice(0, at).matchAll(/name="account" value="([^"]+)"/g)].at(-1);
  if (at < 0 || !before) throw new Error(`the consent page does not offer ${name}`);
  return before[1]!;
}
