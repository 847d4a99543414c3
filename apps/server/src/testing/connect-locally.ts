import type { Api } from './api';
import { Browser } from './browser';
import type { Webview } from './connect-account';

/**
 * Connects an account of a local system as its owner would, by the page.
 * @param given what the page asks for; left out where the file of lock systems says it all
 * @returns the page that is shown in the end
 */
export async function connectLocally(
  api: Api,
  system: string,
  given: Readonly<Record<string, string>> = {},
): Promise<{ webview: Webview; page: string }> {
  const { connect_webview } = await api.ask<{ connect_webview: Webview }>('/connect_webviews/create', {
    wait_for_device_creation: true,
  });
  const browser = new Browser();
  const choice = await (await browser.open(connect_webview.url)).text();
  const query = new URLSearchParams({ ...hiddenFields(choice), provider: system });
  const details = await browser.open(`${api.url}/connect_webviews/authorize?${query.toString()}`);
  const body = new URLSearchParams({ ...hiddenFields(await details.text()), ...given });
  const answer = await browser.open(`${api.url}/connect_webviews/local`, body);
  const page = await answer.text();
  const { connect_webview: webview } = await api.ask<{ connect_webview: Webview }>('/connect_webviews/get', {
    connect_webview_id: connect_webview.connect_webview_id,
  });
  return { webview, page };
}

const unescaped = (html: string) => html.replaceAll('&amp;', '&').replaceAll('&quot;', '"');

function hiddenFields(html: string): Record<string, string> {
  const inputs = html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g);
  return Object.fromEntries([...inputs].map(([, name, value]) => [name!, unescaped(value!)]));
}
