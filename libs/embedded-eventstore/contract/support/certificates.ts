import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ECDSA_WITH_SHA256 = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME = [0x06, 0x03, 0x55, 0x04, 0x03];
const BASIC_CONSTRAINTS = [0x06, 0x03, 0x55, 0x1d, 0x13];
const SUBJECT_ALTERNATIVE_NAME = [0x06, 0x03, 0x55, 0x1d, 0x11];
const TRUE = [0x01, 0x01, 0xff];

/** DER: a tag, the length of what follows, and what follows. */
function der(tag: number, ...content: (number[] | Buffer)[]): Buffer {
  const body = Buffer.concat(content.map((part) => Buffer.from(part)));
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...content: (number[] | Buffer)[]): Buffer => der(0x30, ...content);
const utcTime = (at: Date): Buffer =>
  der(
    0x17,
    Buffer.from(
      at
        .toISOString()
        .replace(/[-:T]|\.\d+/g, '')
        .slice(2),
    ),
  );
const name = (commonName: string): Buffer =>
  sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(commonName)))));

interface Authority {
  readonly commonName: string;
  readonly key: KeyObject;
}

/** A certificate for `publicKey`, signed by `issuer`, valid for a day before and after now. */
function certificate(
  commonName: string,
  publicKey: KeyObject,
  issuer: Authority,
  extensions: Buffer[],
): string {
  const day = 24 * 60 * 60 * 1_000;
  const body = sequence(
    der(0xa0, der(0x02, [2])),
    der(0x02, [0x01], randomBytes(8)),
    sequence(ECDSA_WITH_SHA256),
    name(issuer.commonName),
    sequence(utcTime(new Date(Date.now() - day)), utcTime(new Date(Date.now() + day))),
    name(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', body, issuer.key);
  const whole = sequence(body, sequence(ECDSA_WITH_SHA256), der(0x03, [0], signature));
  const lines = whole.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/**
 * Makes an authority and a certificate for this machine's loopback names, as the files ca.crt,
 * node.crt and node.key of a new folder.
 */
export async function makeCertificates(folder: string): Promise<void> {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const node = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const authority = { commonName: 'Latchkey test authority', key: ca.privateKey };
  const isAuthority = sequence(BASIC_CONSTRAINTS, TRUE, der(0x04, sequence(TRUE)));
  const names = sequence(
    SUBJECT_ALTERNATIVE_NAME,
    der(0x04, sequence(der(0x82, Buffer.from('localhost')), der(0x87, [127, 0, 0, 1]))),
  );
  await mkdir(folder, { recursive: true });
  const files = {
    'ca.crt': certificate(authority.commonName, ca.publicKey, authority, [isAuthority]),
    'node.crt': certificate('eventstoredb-node', node.publicKey, authority, [names]),
    'node.key': node.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
}
