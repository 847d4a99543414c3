import { createHash } from 'node:crypto';

/**
 * The browser that was sent to a lock maker and is to come back: it keeps a secret in a cookie, of which we keep the
 * hash. The same secret proves to the lock maker that the code is exchanged by the party that requested it (PKCE, RFC
 * 7636).
 */
const KEPT_FOR_S = 3600;
const PATH = '/connect_webviews/callback';

const nameOf = (connectWebviewId: string): string => `latchkey_${connectWebviewId.replaceAll('-', '')}`;

/** The secret's hash: its SHA-256, base64url. */
export const challengeOf = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url');

/** The header that lets the browser keep the secret. A page in a frame of another site keeps it under https only. */
export function keepInBrowser(connectWebviewId: string, secret: string, publicUrl: string): string {
  const reach = publicUrl.startsWith('https:') ? 'SameSite=None; Secure' : 'SameSite=Lax';
  return `${nameOf(connectWebviewId)}=${secret}; Path=${PATH}; Max-Age=${KEPT_FOR_S}; HttpOnly; ${reach}`;
}

/** The secret that the browser kept for that webview; empty where it kept none. */
export function keptInBrowser(connectWebviewId: string, cookies: string | undefined): string {
  const name = nameOf(connectWebviewId);
  const kept = (cookies ?? '').split(';').map((pair) => pair.trim().split('='));
  return kept.find(([key]) => key === name)?.[1] ?? '';
}
