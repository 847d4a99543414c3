import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartupError } from '../errors/startup-error';
import { loadMasterKey } from './master-key';

describe('the master key', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'latchkey-key-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  it('is the one that is given', () => {
    const key = Buffer.alloc(32, 3);

    expect(loadMasterKey({ dataDir, vaultKey: key.toString('base64') })).toEqual(key);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('is made at the first start, for its owner alone, and is the same at the next', () => {
    const folder = join(dataDir, 'new');
    const key = loadMasterKey({ dataDir: folder });

    expect(key).toHaveLength(32);
    expect(loadMasterKey({ dataDir: folder })).toEqual(key);
    expect(statSync(join(folder, 'vault.key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['vault.key']);
  });

  it('is refused if others can read its file', () => {
    loadMasterKey({ dataDir });
    chmodSync(join(dataDir, 'vault.key'), 0o640);

    expect(() => loadMasterKey({ dataDir })).toThrow(/can be read by others.*chmod 600/);
  });

  it.each([
    '',
    'short',
    Buffer.alloc(31).toString('base64'),
    Buffer.alloc(33).toString('base64'),
    'ü'.repeat(43),
  ])('is refused when it is %j, without being repeated', (text) => {
    writeFileSync(join(dataDir, 'vault.key'), text, { mode: 0o600 });

    expect(() => loadMasterKey({ dataDir })).toThrow(StartupError);
    expect(() => loadMasterKey({ dataDir })).toThrow(
      /vault\.key must hold 32 bytes in base64 \(openssl[^)]*\)\.$/,
    );
    expect(() => loadMasterKey({ dataDir, vaultKey: text })).toThrow(/^VAULT_KEY must hold/);
  });

  it('is refused when its file can not be read or made', () => {
    const file = join(dataDir, 'file');
    writeFileSync(file, '');

    expect(() => loadMasterKey({ dataDir: file })).toThrow(/vault\.key can not be (read|made)/);
  });
});
