import { X509Certificate } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { type NodeCertificates, readCertificates } from './certificates';
import { makeCertificates } from './x509';

const DAYS = 3650;
/** Certificates that end within this long are made again, ms. */
const RENEW_BEFORE = 30 * 24 * 60 * 60 * 1000;

const ALWAYS_FOR = ['localhost', '127.0.0.1', '::1'];

/**
 * The certificates that a node made for itself, in a folder of its data folder: made when there are none, and made again
 * when they end soon, are not for the address, or are not whole.
 * @param host where the node listens
 */
export function ownCertificates(folder: string, host: string): NodeCertificates {
  const names = [...new Set([...ALWAYS_FOR, host])];
  if (!areGood(folder, host)) make(folder, names);
  return readCertificates(folder);
}

function areGood(folder: string, host: string): boolean {
  try {
    const certificates = readCertificates(folder);
    const own = new X509Certificate(certificates.cert);
    const authority = new X509Certificate(certificates.ca);
    return (
      own.verify(authority.publicKey) &&
      Date.parse(own.validTo) - Date.now() > RENEW_BEFORE &&
      (isIP(host) ? own.checkIP(host) : own.checkHost(host)) !== undefined
    );
  } catch {
    return false;
  }
}

function make(folder: string, names: readonly string[]): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [file, text] of Object.entries(makeCertificates(names, DAYS))) {
    const draft = join(folder, `${file}.new`);
    writeFileSync(draft, text as string, { mode: 0o600 });
    renameSync(draft, join(folder, file));
  }
}
