import { DAY } from '@latchkey/platform';
import type { Random, Vault } from '@latchkey/platform';
import { timingSafeEqual } from 'node:crypto';
import type { ConnectWebview } from './records/connect-webview-records';

/** How long an unused link is valid, ms. */
export const LINK_VALID_FOR = 7 * DAY;

/** The token in a new webview's link; anyone who knows it may connect an account. */
export const newLinkToken = (random: Random): string => random.bytes(32).toString('base64url');

/** The token in a webview's link. */
export function linkToken(webview: ConnectWebview, vault: Vault): string {
  // A webview of the first version has none: its link was derived with a key that no longer exists, so it gets a new
  // one.
  return webview.linkToken ?? vault.fingerprint('connect webview', webview.connectWebviewId);
}

/** Whether `given` is the token in the webview's link. */
export function isLinkOf(webview: ConnectWebview, given: string, vault: Vault): boolean {
  const [a, b] = [Buffer.from(linkToken(webview, vault)), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether a login may still begin with this webview. */
export function isOpen({ status, createdAt }: ConnectWebview, now: number): boolean {
  return status !== 'authorized' && now - createdAt < LINK_VALID_FOR;
}
