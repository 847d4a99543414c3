import { createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';

/** What keys are derived for, in this version and those before. */
const USES = ['wrap', 'keyring', 'check', 'fingerprint', 'mark'];
/** `v1.` and base64url of nonce, ciphertext and tag. */
const BOX = /v1\.[A-Za-z0-9_-]{38,}/g;
const TOKEN = /[A-Za-z0-9_-]{20,}/g;
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const ALL_OF_FOUR_DIGITS = Array.from({ length: 10_000 }, (_, n) => String(n).padStart(4, '0'));

/** As the vault derives them: said again here, since it is what stays true of folders that exist. */
const derived = (key: Buffer, use: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `latchkey/v1/${use}`, 32));

export interface Found {
  /** PINs that were read from what is sealed. */
  readonly opened: ReadonlySet<string>;
  /** PINs of four digits that fit a fingerprint or another keyed hash. */
  readonly guessed: ReadonlySet<string>;
  /** Keys that come from the master key, or are wrapped by one that does. */
  readonly keys: number;
  /** Everything in the folder that looks like a hash or a box. */
  readonly tokens: number;
}

export interface Guesser {
  /** What is guessed; left out: all PINs of four digits. */
  readonly pins?: readonly string[];
  /** Texts that may have been hashed with a PIN in them, under keys for fingerprints. */
  readonly texts?: readonly ((pin: string) => string)[];
  /** Of an older backup, beside that of the folder. */
  readonly olderMasterKey?: Buffer;
}

/**
 * What somebody can do who has a full copy of a data folder, its master key and these sources: opens every box with
 * every key that can be had, and tries all PINs of four digits against everything that looks like a hash. The files are
 * read as bytes too, so that freed pages and the write-ahead logs count.
 */
export function attack(dataDir: string, options: Guesser = {}): Found {
  const { pins = ALL_OF_FOUR_DIGITS, texts = [], olderMasterKey } = options;
  const copy = mkdtempSync(join(tmpdir(), 'latchkey-copy-'));
  try {
    cpSync(dataDir, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    const content = everything(copy);
    const boxes = [...new Set(content.match(BOX))].map(unboxed);
    const masterKey = readFileSync(join(copy, 'vault.key'), 'utf8');
    const known = [Buffer.from(masterKey, 'base64'), ...(olderMasterKey ? [olderMasterKey] : [])];
    const keys = allKeys(known, boxes);
    const tokens = new Set(content.match(TOKEN));
    const deviceIds = idsIn(content, 'device-');
    const bare = (pin: string) => pin;
    const scoped = deviceIds.map((id) => (pin: string) => `${id.length}:${id}${pin}`);
    return {
      opened: opened(boxes, keys.all),
      guessed: new Set([
        ...guessed(pins, tokens, keys.all, [bare]),
        ...guessed(pins, tokens, keys.own, scoped),
        ...guessed(pins, tokens, keys.fingerprinting, texts),
        ...unkeyed(pins, tokens, [bare, ...scoped, ...texts]),
      ]),
      keys: keys.all.length,
      tokens: tokens.size,
    };
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** The bytes of all files, and the values in all tables: a long value is not in one piece in the file. */
function everything(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const bytes = files.map((file) => readFileSync(file, 'latin1'));
  return [...bytes, ...files.filter((file) => file.endsWith('.db')).flatMap(valuesIn)].join('\n');
}

function valuesIn(file: string): string[] {
  const db = new Libsql(file);
  try {
    const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all([]) as {
      name: string;
    }[];
    return tables.flatMap(({ name }) =>
      (db.prepare(`SELECT * FROM "${name}"`).all([]) as Record<string, unknown>[]).flatMap((row) =>
        Object.values(row).map((value) =>
          value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value),
        ),
      ),
    );
  } finally {
    db.close();
  }
}

interface Box {
  readonly nonce: Buffer;
  readonly sealed: Buffer;
}

function unboxed(text: string): Box {
  const bytes = Buffer.from(text.slice(3), 'base64url');
  return { nonce: bytes.subarray(0, 12), sealed: bytes.subarray(12, -16) };
}

/** Without a look at the tag, which would want to be told what the box was made for. */
function decrypted(key: Buffer, { nonce, sealed }: Box): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  return decipher.update(sealed);
}

/**
 * Keys that come from master keys alone (`own`), and with them all those that they wrap: without a look at the tag, so
 * that what is left of a row whose id is gone counts, too.
 */
function allKeys(
  masterKeys: readonly Buffer[],
  boxes: readonly Box[],
): { own: Buffer[]; fingerprinting: Buffer[]; all: Buffer[] } {
  const withUses = (key: Buffer) => [key, ...USES.map((use) => derived(key, use))];
  const rings = boxes.flatMap((box) =>
    masterKeys
      .map((key) => decrypted(derived(key, 'keyring'), box).toString('utf8'))
      .filter((text) => text.startsWith('{"wrap"'))
      .map((text) => JSON.parse(text) as { wrap: string; root: string }),
  );
  const ofRings = rings.flatMap(({ wrap, root }) => [wrap, root].map((key) => Buffer.from(key, 'base64')));
  const own = unique([...masterKeys, ...ofRings].flatMap(withUses));
  const wraps = rings.map(({ wrap }) => Buffer.from(wrap, 'base64'));
  const wrapping = unique([...masterKeys.map((key) => derived(key, 'wrap')), ...wraps]);
  const wrapped = boxes.filter(({ sealed }) => sealed.length === 32);
  const unwrapped = wrapped.flatMap((box) => wrapping.map((key) => decrypted(key, box)));
  const fingerprinting = [...own, ...unwrapped].map((key) => derived(key, 'fingerprint'));
  return { own, fingerprinting, all: unique([...own, ...unwrapped, ...fingerprinting]) };
}

const unique = (keys: readonly Buffer[]): Buffer[] => [
  ...new Map(keys.map((key) => [key.toString('hex'), key])).values(),
];

function opened(boxes: readonly Box[], keys: readonly Buffer[]): Set<string> {
  const found = new Set<string>();
  for (const box of boxes.filter(({ sealed }) => sealed.length % 16 === 0)) {
    for (const key of keys) {
      const plain = decrypted(key, box);
      const pin = plain.subarray(1, 1 + plain[0]!).toString('latin1');
      const isPadded = plain.subarray(1 + plain[0]!).every((byte) => byte === 0);
      if (isPadded && /^\d{4,15}$/.test(pin)) found.add(pin);
    }
  }
  return found;
}

function guessed(
  pins: readonly string[],
  tokens: ReadonlySet<string>,
  keys: readonly Buffer[],
  forms: readonly ((pin: string) => string)[],
): string[] {
  return pins.filter((pin) =>
    forms.some((form) => {
      const text = form(pin);
      return keys.some((key) =>
        tokens.has(createHmac('sha256', key).update(text, 'utf8').digest('base64url')),
      );
    }),
  );
}

function unkeyed(
  pins: readonly string[],
  tokens: ReadonlySet<string>,
  forms: readonly ((pin: string) => string)[],
): string[] {
  return pins.filter((pin) =>
    forms.some((form) => {
      const hash = createHash('sha256').update(form(pin), 'utf8').digest();
      return tokens.has(hash.toString('hex')) || tokens.has(hash.toString('base64url'));
    }),
  );
}

function idsIn(content: string, prefix: string): string[] {
  const ids = content.match(new RegExp(`(?<=(?<![A-Za-z])${prefix})${ID.source}`, 'g'));
  return [...new Set(ids)];
}
