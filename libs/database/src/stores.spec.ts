import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type Database, openDatabase } from './database';
import { openStores } from './stores';

const databaseUrl = process.env.DATABASE_TEST_URL;

/** Removes a store, as when it was forgotten in a backup. */
async function lose(url: string | undefined, dataDir: string, name: 'vault' | 'records'): Promise<void> {
  if (url === undefined) {
    for (const file of readdirSync(dataDir).filter((one) => one.startsWith(`${name}.db`)))
      rmSync(join(dataDir, file));
    return;
  }
  const database = await openDatabase({ url });
  await sql`drop schema ${sql.ref(name)} cascade`.execute(database.db);
  await database.close();
}

describe.each([undefined, ...(databaseUrl ? [databaseUrl] : [])])('the stores (database %s)', (url) => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'latchkey-stores-'));
  });
  afterEach(async () => {
    if (url !== undefined) {
      const database = await openDatabase({ url });
      await sql`drop schema if exists records, vault, views cascade`.execute(database.db);
      await database.close();
    }
    rmSync(dataDir, { recursive: true });
  });
  const open = (vaultKey?: string) =>
    openStores<{ rows: { id: number } }>({ dataDir, databaseUrl: url, vaultKey });

  it('keep what they are given over a restart', async () => {
    const before = await open();
    const sealed = await before.vault.seal('code-1', '4821');
    await before.records.settings.setSecret('key', 'hunter2');
    await before.views.db.schema.createTable('rows').addColumn('id', 'integer').execute();
    await before.views.db.insertInto('rows').values({ id: 1 }).execute();
    await before.close();

    const after = await open();
    expect(await after.vault.open(sealed)).toBe('4821');
    expect(await after.records.settings.getSecret('key')).toBe('hunter2');
    expect(await after.views.db.selectFrom('rows').selectAll().execute()).toEqual([{ id: 1 }]);
    await after.close();
  });

  it('are refused with another master key, and leave nothing open', async () => {
    await (await open()).close();

    await expect(open(Buffer.alloc(32, 9).toString('base64'))).rejects.toThrow(/another master key/);
    await (await open()).close();
  });

  it('are refused without their vault, which stays missing', async () => {
    const before = await open();
    await before.records.settings.setSecret('key', 'hunter2');
    await before.close();
    await lose(url, dataDir, 'vault');

    for (let n = 0; n < 2; n++) await expect(open()).rejects.toThrow(/^The vault is missing/);
  });

  it('say that the records are missing where the vault has keys, and not of a new vault or of both', async () => {
    const first = await open();
    expect(first.recordsAreMissing).toBe(false);
    await first.close();
    // Two instances that start at the same time may see the vault before the records.
    const second = await open();
    expect(second.recordsAreMissing).toBe(false);
    await second.records.settings.setIfAbsent('mode', 'production');
    await second.vault.seal('code-1', '4821');
    await second.close();
    const third = await open();
    expect(third.recordsAreMissing).toBe(false);
    await third.close();
    await lose(url, dataDir, 'records');
    const fourth = await open();
    expect(fourth.recordsAreMissing).toBe(true);
    await fourth.close();
  });

  it('hold no PIN and no secret in plain text', async () => {
    const stores = await open();
    await stores.vault.seal('code-1', '48213705');
    await stores.records.settings.setSecret('key', 'hunter2-hunter2');
    stores.vault.sealSecret('webhook', 'hunter2-hunter2');
    const files = readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name), 'latin1'));
    await stores.close();

    expect(files.filter((bytes) => /48213705|hunter2/.test(bytes))).toEqual([]);
    expect(files.length).toBeGreaterThan(0);
  });

  it('leave nothing of the tokens of an account that is deleted in their files', async () => {
    const stores = await open();
    const token = { accessToken: 'a'.repeat(3000), refreshToken: 'r', expiresAt: 1, userId: 'u' };
    for (const account of ['one', 'two', 'three']) await stores.records.accountTokens.put(account, token);
    const { db } = stores.recordsDatabase as unknown as Database<{
      account_tokens: { account_id: string; sealed: string };
    }>;
    const { sealed } = await db
      .selectFrom('account_tokens')
      .select('sealed')
      .where('account_id', '=', 'two')
      .executeTakeFirstOrThrow();
    const piece = sealed.slice(100, 200);
    const holders = () =>
      readdirSync(dataDir).filter((name) => readFileSync(join(dataDir, name), 'latin1').includes(piece));
    const before = holders();

    await stores.records.accountTokens.delete('two');

    const after = holders();
    await stores.close();
    expect(before.length > 0).toBe(url === undefined);
    expect(after).toEqual([]);
  });
});
