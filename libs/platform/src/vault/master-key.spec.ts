import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartupError } from '../errors/startup-error';
import { loadMasterKey, replaceMasterKey, settleMasterKey } from './master-key';

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

  describe('being replaced', () => {
    const settle = (holds: Buffer | undefined) =>
      settleMasterKey(dataDir, (key) => Promise.resolve(holds !== undefined && key.equals(holds)));

    it('is another one afterwards, and nothing is left of the one before', async () => {
      const old = loadMasterKey({ dataDir });
      let committed: Buffer | undefined;
      const next = await replaceMasterKey(dataDir, (key) => {
        committed = key;
        expect(loadMasterKey({ dataDir })).toEqual(old);
        return Promise.resolve();
      });

      expect(next).not.toEqual(old);
      expect(committed).toEqual(next);
      expect(loadMasterKey({ dataDir })).toEqual(next);
      expect(readdirSync(dataDir)).toEqual(['vault.key']);
      expect(statSync(join(dataDir, 'vault.key')).mode & 0o777).toBe(0o600);
    });

    it('stays as it was if the process died before the vault was sealed with the new one', async () => {
      const old = loadMasterKey({ dataDir });
      await expect(replaceMasterKey(dataDir, () => Promise.reject(new Error('died before')))).rejects.toThrow(
        'died before',
      );

      expect(await settle(undefined)).toBeUndefined();
      expect(loadMasterKey({ dataDir })).toEqual(old);
      expect(readdirSync(dataDir)).toEqual(['vault.key']);
    });

    it('is the new one if the process died after the vault was sealed with the new one', async () => {
      loadMasterKey({ dataDir });
      let made: Buffer | undefined;
      await expect(
        replaceMasterKey(dataDir, (key) => {
          made = key;
          return Promise.reject(new Error('died after'));
        }),
      ).rejects.toThrow('died after');

      expect(await settle(made)).toEqual(made);
      expect(loadMasterKey({ dataDir })).toEqual(made);
      expect(readdirSync(dataDir)).toEqual(['vault.key']);
    });
  });
});
