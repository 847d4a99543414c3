import type { Api } from '../clients';

interface Webview {
  readonly connect_webview_id: string;
  readonly url: string;
  readonly login_successful: boolean;
}

/**
 * Connects a lock system as its owner does, by the page.
 * @param given what the page asks for
 * @throws {Error} when the page does not say that it is connected
 */
export async function connect(
  api: Api,
  url: string,
  system: string,
  given: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { connect_webview } = await api.post<{ connect_webview: Webview }>('/connect_webviews/create', {
    wait_for_device_creation: true,
  });
  const choice = await (await fetch(connect_webview.url)).text();
  const query = new URLSearchParams({ ...hiddenFields(choice), provider: system });
  const details = await (await fetch(`${url}/connect_webviews/authorize?${query.toString()}`)).text();
  await fetch(`${url}/connect_webviews/local`, {
    method: 'POST',
    body: new URLSearchParams({ ...hiddenFields(details), ...given }),
  });
  const { connect_webview: after } = await api.post<{ connect_webview: Webview }>('/connect_webviews/get', {
    connect_webview_id: connect_webview.connect_webview_id,
  });
  if (!after.login_successful) throw new Error(`${system} could not be connected`);
}

function hiddenFields(html: string): Record<string, string> {
  const inputs = html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g);
  const unescaped = (value: string) => value.replaceAll('&quot;', '"').replaceAll('&amp;', '&');
  return Object.fromEntries([...inputs].map(([, name, value]) => [name!, unescaped(value!)]));
}
