import { openStores, rekey } from '@latchkey/database';
import { createLogger, loadMasterKey } from '@latchkey/platform';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tellOldMasterKey } from './old-master-key';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'latchkey-old-key-'));
  const folder = join(__dirname, '..', 'upgrade', 'data-folders', '1.tar.gz');
  execFileSync('tar', ['-xzf', folder, '-C', dataDir]);
});
afterEach(() => rmSync(dataDir, { recursive: true }));

/** The warnings of a start. */
async function warnings(vaultKey?: string): Promise<string[]> {
  const lines: string[] = [];
  const logger = createLogger('silent');
  logger.warn = (line: unknown) => void lines.push(String(line));
  const stores = await openStores({ dataDir, vaultKey });
  tellOldMasterKey(stores, logger);
  await stores.close();
  return lines;
}

it('is told at each start, without the key, until it has been replaced', async () => {
  const old = loadMasterKey({ dataDir }).toString('base64');
  for (const lines of [await warnings(old), await warnings(old)]) {
    expect(lines).toEqual([expect.stringMatching(/VAULT_KEY .*vault -- rekey/)]);
    expect(lines[0]).not.toContain(old);
  }
  const next = randomBytes(32);
  await rekey({ dataDir, vaultKey: old }, next);
  expect(await warnings(next.toString('base64'))).toEqual([]);
});

it('is replaced by itself in the data folder, and not told', async () => {
  expect(await warnings()).toEqual([]);
});
