const blank = '•';
const longest = 200;

/** Fewer digits than this in a whole text cannot give a PIN away, however they are spread over it. */
const shortestPin = 4;

/**
 * What of a lock maker's text may be shown or logged. Makers echo what they were sent, so nothing that could
 * be a PIN or a token passes: the given secrets, every digit of a text with four or more of them (a refusal
 * may name the PIN of some other code, in groups or in other scripts), and any run of 20 characters that
 * looks like a token.
 */
export function scrub(text: string, secrets: readonly string[]): string {
  let clean = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
  for (const secret of secrets) {
    if (secret === '') continue;
    for (const form of [secret, encodeURIComponent(secret)]) clean = clean.replaceAll(form, blank);
  }
  clean = clean.replace(/[A-Za-z0-9+/_=.~-]{20,}/g, blank);
  if ((clean.match(/\p{N}/gu) ?? []).length >= shortestPin) clean = clean.replace(/\p{N}/gu, blank);
  return clean.length > longest ? `${clean.slice(0, longest)}…` : clean;
}

/**
 * A maker's error code in upper case; null if it is none, or may hold a secret: one of those given, or, with
 * four digits and more, the PIN of some other code.
 */
export function scrubErrorCode(code: unknown, secrets: readonly string[]): string | null {
  if (typeof code !== 'string' || !/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(code)) return null;
  if (code.replace(/[^0-9]/g, '').length >= shortestPin) return null;
  if (secrets.some((secret) => secret !== '' && code.includes(secret))) return null;
  return code.toUpperCase().replace(/[.-]/g, '_');
}
