/** What somebody typed to have a lock paired: its code, and where it is if it does not announce itself. */
export interface Pairing {
  readonly pairingCode: string;
  /** host:port; null: it is looked for. */
  readonly address: string | null;
}

/**
 * Reads `3497-011-2332`, or what a QR code says, `MT:Y.K9042C00KA0648G00`; with an address
 * `34970112332@192.168.1.20:5540`. Whether its digits can be right is for the controller, which knows how they are made.
 * @returns null where it has not the shape of a pairing code
 */
export function readPairing(typed: string): Pairing | null {
  const [code = '', address = null, ...more] = typed.trim().split('@');
  const pairingCode = ofQrCode(code) ?? ofDigits(code);
  if (more.length > 0 || pairingCode === null) return null;
  if (address !== null && !isAddress(address)) return null;
  return { pairingCode, address };
}

/** Base 38 of eleven bytes or more: dashes and dots are part of it. */
function ofQrCode(code: string): string | null {
  const text = code.trim().toUpperCase();
  return /^MT:[A-Z0-9.-]{19,}(\*[A-Z0-9.-]{19,})*$/.test(text) ? text : null;
}

function ofDigits(code: string): string | null {
  const digits = code.replace(/[\s-]/g, '');
  return /^(\d{11}|\d{21})$/.test(digits) ? digits : null;
}

function isAddress(address: string): boolean {
  if (!/^[\d.]+(:\d+)?$|^\[[0-9a-f:.]+\](:\d+)?$/i.test(address)) return false;
  return URL.canParse(`udp://${address}`);
}
