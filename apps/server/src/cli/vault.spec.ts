import { openStores } from '@latchkey/database';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vault } from './vault';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'latchkey-vault-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

async function run(args: string[], env: NodeJS.ProcessEnv = {}) {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const code = await vault(args, { DATA_DIR: dataDir, ...env }, say, say);
  return { code, said: lines.join('\n') };
}

async function keep(vaultKey?: string) {
  const stores = await openStores({ dataDir, vaultKey });
  const sealed = await stores.vault.seal('code-1', '4821');
  await stores.records.settings.setSecret('secret', 'kept');
  await stores.close();
  return async (key?: string) => {
    const anew = await openStores({ dataDir, vaultKey: key });
    try {
      return [await anew.vault.open(sealed), await anew.records.settings.getSecret('secret')];
    } finally {
      await anew.close();
    }
  };
}

test('replaces the key of the data folder', async () => {
  const kept = await keep();
  const old = readFileSync(join(dataDir, 'vault.key'), 'utf8').trim();

  expect(await run(['rekey'])).toMatchObject({ code: 0 });
  expect(readFileSync(join(dataDir, 'vault.key'), 'utf8').trim()).not.toBe(old);
  expect(await kept()).toEqual(['4821', 'kept']);
  await expect(openStores({ dataDir, vaultKey: old })).rejects.toThrow(/another master key/);
});

test('replaces the key that is set by the one that is given', async () => {
  const [old, next] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  const kept = await keep(old);

  const { code, said } = await run(['rekey'], { VAULT_KEY: old, NEW_VAULT_KEY: next });
  expect(code).toBe(0);
  expect(said).not.toContain(next);
  expect(await kept(next)).toEqual(['4821', 'kept']);
  await expect(openStores({ dataDir, vaultKey: old })).rejects.toThrow(/another master key/);
});

test.each([
  [{ VAULT_KEY: randomBytes(32).toString('base64') }, /as NEW_VAULT_KEY/],
  [{ NEW_VAULT_KEY: randomBytes(32).toString('base64') }, /VAULT_KEY is not set/],
  [
    { VAULT_KEY: randomBytes(32).toString('base64'), NEW_VAULT_KEY: 'short' },
    /NEW_VAULT_KEY must hold 32 bytes/,
  ],
])('says what is missing, and changes nothing', async (env, reason) => {
  const { code, said } = await run(['rekey'], env);
  expect(code).toBe(1);
  expect(said).toMatch(reason);
});

test('explains itself, and refuses what it does not know', async () => {
  for (const args of [[], ['--help']])
    expect(await run(args)).toMatchObject({
      code: 0,
      said: expect.stringMatching(/npm run vault --.*rekey/s),
    });
  expect(await run(['rekey', '--help'])).toMatchObject({
    code: 0,
    said: expect.stringMatching(/NEW_VAULT_KEY/),
  });
  for (const args of [['--nope'], ['rekey', '--nope'], ['rekey', 'nope'], ['nope']]) {
    const { code, said } = await run(args);
    expect({ args, code }).toEqual({ args, code: 1 });
    expect(said).toMatch(/nope|too many arguments/);
    expect(said).toMatch(/Usage: /);
  }
});
