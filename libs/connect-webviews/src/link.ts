import { DAY } from '@latchkey/platform';
import type { Random, Vault } from '@latchkey/platform';
import { timingSafeEqual } from 'node:crypto';
import type { ConnectWebview } from './records/connect-webview-records';

/** A link that nobody has used for this long opens nothing any more, ms. */
export const LINK_VALID_FOR = 7 * DAY;

/** What a new webview's link carries; whoever knows it may connect an account. */
export const newLinkToken = (random: Random): string => random.bytes(32).toString('base64url');

/** What a webview's link carries. */
export function linkToken(webview: ConnectWebview, vault: Vault): string {
  // A webview of the first version has none: its link was derived by a key that is gone, and is another one now.
  return webview.linkToken ?? vault.fingerprint('connect webview', webview.connectWebviewId);
}

/** Whether `given` is what the webview's link carries. */
export function isLinkOf(webview: ConnectWebview, given: string, vault: Vault): boolean {
  const [a, b] = [Buffer.from(linkToken(webview, vault)), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether a login may still begin with it. */
export function isOpen({ status, createdAt }: ConnectWebview, now: number): boolean {
  return status !== 'authorized' && now - createdAt < LINK_VALID_FOR;
}
