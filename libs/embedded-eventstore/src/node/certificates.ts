import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartRefused } from '../storage/database';

/** What a node needs to speak TLS; PEM. */
export interface NodeCertificates {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Reads ca.crt, node.crt and node.key from a folder.
 * @throws StartRefused when one is missing, is not what it should be, or key and certificate do not belong together
 */
export function readCertificates(folder: string): NodeCertificates {
  const read = (name: string): Buffer => {
    try {
      return readFileSync(join(folder, name));
    } catch {
      throw new StartRefused(`cannot read ${join(folder, name)}`);
    }
  };
  const certificates = { ca: read('ca.crt'), cert: read('node.crt'), key: read('node.key') };
  let belongTogether: boolean;
  try {
    belongTogether = new X509Certificate(certificates.cert).checkPrivateKey(
      createPrivateKey(certificates.key),
    );
  } catch {
    throw new StartRefused(`node.crt or node.key in ${folder} is not a PEM certificate or key`);
  }
  if (!belongTogether) throw new StartRefused(`node.key in ${folder} does not belong to node.crt`);
  return certificates;
}
