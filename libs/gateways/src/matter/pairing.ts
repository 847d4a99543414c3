/** What somebody typed to have a lock paired: its code, and where it is if it does not announce itself. */
export interface Pairing {
  readonly pairingCode: string;
  /** host:port; null: it is looked for. */
  readonly address: string | null;
}

/**
 * Reads `3497-011-2332`, or with an address `34970112332@192.168.1.20:5540`.
 * @returns null where it can be no pairing code
 */
export function readPairing(typed: string): Pairing | null {
  const [code = '', address = null, ...more] = typed.trim().split('@');
  const pairingCode = code.replace(/[\s-]/g, '');
  if (more.length > 0 || !/^(\d{11}|\d{21})$/.test(pairingCode)) return null;
  if (address !== null && !isAddress(address)) return null;
  return { pairingCode, address };
}

function isAddress(address: string): boolean {
  if (!/^[\d.]+(:\d+)?$|^\[[0-9a-f:.]+\](:\d+)?$/i.test(address)) return false;
  return URL.canParse(`udp://${address}`);
}
