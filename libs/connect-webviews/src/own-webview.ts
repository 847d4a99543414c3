import type { Random } from '@latchkey/platform';
import { newLinkToken } from './link';
import type { ConnectWebviewRecords } from './records/connect-webview-records';

/**
 * Creates a connect webview for an operator, who connects one lock system without a browser.
 * @param provider the name of the lock system
 * @returns the fields with which the page's form is sent
 */
export async function makeOwnWebview(
  webviews: ConnectWebviewRecords,
  of: { readonly connectWebviewId: string; readonly workspaceId: string; readonly provider: string },
  { clock, random }: { readonly clock: { now(): number }; readonly random: Random },
): Promise<{ readonly connect_webview_id: string; readonly auth_token: string; readonly provider: string }> {
  const { connectWebviewId, workspaceId, provider } = of;
  const linkToken = newLinkToken(random);
  await webviews.create({
    ...{ connectWebviewId, workspaceId, createdAt: clock.now(), linkToken },
    wishes: {
      acceptedProviders: [provider],
      acceptedCapabilities: null,
      customRedirectUrl: null,
      customRedirectFailureUrl: null,
      customMetadata: {},
      customerKey: null,
      automaticallyManageNewDevices: null,
      deviceSelectionMode: 'none',
      waitForDeviceCreation: true,
    },
  });
  return { connect_webview_id: connectWebviewId, auth_token: linkToken, provider };
}
