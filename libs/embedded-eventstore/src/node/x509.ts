import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

/**
 * The certificates of a node that is given none: Node.js reads and checks X.509 but does not make it, and this much of
 * DER is all it takes.
 */

const ECDSA_WITH_SHA256 = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME = [0x06, 0x03, 0x55, 0x04, 0x03];
const BASIC_CONSTRAINTS = [0x06, 0x03, 0x55, 0x1d, 0x13];
const SUBJECT_ALTERNATIVE_NAME = [0x06, 0x03, 0x55, 0x1d, 0x11];
const TRUE = [0x01, 0x01, 0xff];

const DAY = 24 * 60 * 60 * 1000;

/** An authority and a certificate that it signed; PEM. */
export interface CertificateFiles {
  readonly 'ca.crt': string;
  readonly 'node.crt': string;
  readonly 'node.key': string;
}

/**
 * Makes an authority and a certificate by it. The authority's key is forgotten: it signs nothing else, ever.
 * @param names DNS names and addresses that the certificate is for
 * @param days how long both are valid, from a day before now
 */
export function makeCertificates(names: readonly string[], days: number): CertificateFiles {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const node = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // A name of its own, so that two authorities are never taken for each other.
  const authority = { commonName: `EventStore node ${randomBytes(6).toString('hex')}`, key: ca.privateKey };
  const isAuthority = sequence(BASIC_CONSTRAINTS, TRUE, der(0x04, sequence(TRUE)));
  const isFor = sequence(SUBJECT_ALTERNATIVE_NAME, der(0x04, sequence(...names.map(generalName))));
  return {
    'ca.crt': certificate(authority.commonName, ca.publicKey, authority, [isAuthority], days),
    'node.crt': certificate('eventstoredb-node', node.publicKey, authority, [isFor], days),
    'node.key': node.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

interface Authority {
  readonly commonName: string;
  readonly key: KeyObject;
}

function certificate(
  commonName: string,
  publicKey: KeyObject,
  issuer: Authority,
  extensions: Buffer[],
  days: number,
): string {
  const body = sequence(
    der(0xa0, der(0x02, [2])),
    der(0x02, [0x01], randomBytes(8)),
    sequence(ECDSA_WITH_SHA256),
    name(issuer.commonName),
    sequence(utcTime(Date.now() - DAY), utcTime(Date.now() + days * DAY)),
    name(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', body, issuer.key);
  const whole = sequence(body, sequence(ECDSA_WITH_SHA256), der(0x03, [0], signature));
  const lines = whole.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

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

function sequence(...content: (number[] | Buffer)[]): Buffer {
  return der(0x30, ...content);
}

/** Good for dates before 2050. */
function utcTime(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(digits.slice(2)));
}

function name(commonName: string): Buffer {
  return sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(commonName)))));
}

function generalName(text: string): Buffer {
  if (isIPv4(text)) return der(0x87, text.split('.').map(Number));
  if (isIPv6(text)) return der(0x87, ipv6Bytes(text));
  return der(0x82, Buffer.from(text));
}

function ipv6Bytes(text: string): number[] {
  const [before = '', after] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => parseInt(group, 16));
  const [left, right] = [groups(before), groups(after ?? '')];
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  return [...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 0xff]);
}
