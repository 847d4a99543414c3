import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { sql } from 'kysely';
import { LibsqlStatements } from '../engines/libsql-statements';
import { watchStatements } from '../testing/watched-statements';
import { join } from 'node:path';
import fc from 'fast-check';
import { testDatabase, testEngines, type TestDatabase } from '../testing/test-databases';
import {
  checkValue,
  createVault,
  KeyErasedError,
  keyringOfOldVault,
  pinsIn,
  type Vault,
} from '@latchkey/platform';
import { openDatabase } from '../database';
import { migrate } from '../migrate';
import { KeyTable } from './key-table';
import { isMasterKeyOf, openVault, rekeyVault } from './open-vault';
import { type VaultTables, vaultMigrations } from './vault-tables';

const masterKey = Buffer.alloc(32, 7);

describe.each(testEngines)('the vault on %s', (engine) => {
  let test: TestDatabase;
  let vault: Vault;

  const open = async (key = masterKey) => openVault({ database: await test.open(), masterKey: key });

  beforeEach(async () => {
    test = testDatabase(engine);
    vault = await open();
  });

  afterEach(() => test.drop());

  it('gives back every PIN that it sealed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uuid(), fc.string({ maxLength: 60, unit: 'grapheme' }), async (keyId, pin) => {
        expect(await vault.open(await vault.seal(keyId, pin))).toBe(pin);
      }),
      { numRuns: 50 },
    );
  });

  it('gives PINs back after it was closed and opened again', async () => {
    const sealed = await vault.seal('code-1', '4821');

    expect(await (await open()).open(sealed)).toBe('4821');
  });

  it('shows neither the PIN nor its length', async () => {
    const [short, long] = [await vault.seal('a', '4821'), await vault.seal('b', '482193756')];

    expect(pinsIn(JSON.stringify(short), '4821')).toEqual([]);
    expect(short.box).toHaveLength(long.box.length);
  });

  it('seals the same PIN differently each time', async () => {
    expect((await vault.seal('a', '4821')).box).not.toBe((await vault.seal('a', '4821')).box);
  });

  it('makes one key when many seal under a new id at once, in two instances', async () => {
    const other = await open();
    const sealed = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? vault : other).seal('shared', `${1000 + n}`)),
    );

    const opened = await Promise.all(sealed.map((each) => vault.open(each)));
    expect(opened).toEqual(sealed.map((_, n) => `${1000 + n}`));
  });

  it('opens a box under its own key id only', async () => {
    const sealed = await vault.seal('a', '4821');
    await vault.seal('b', '1111');

    await expect(vault.open({ keyId: 'b', box: sealed.box })).rejects.toThrow(/could not be opened/);
  });

  it('notices a box that was changed', async () => {
    const { keyId, box } = await vault.seal('a', '4821');
    const changed = Buffer.from(box.slice(3), 'base64url');
    changed[14]! ^= 1;

    await expect(vault.open({ keyId, box: `v1.${changed.toString('base64url')}` })).rejects.toThrow();
    await expect(vault.open({ keyId, box: 'v9.xyz' })).rejects.toThrow(/known version/);
  });

  it('opens nothing under an erased key, and never makes that key again', async () => {
    const sealed = await vault.seal('a', '4821');
    await vault.erase('a');
    await vault.erase('a');

    expect(await vault.open(sealed)).toBeNull();
    await expect(vault.seal('a', '4821')).rejects.toThrow(KeyErasedError);
    expect(await (await open()).open(sealed)).toBeNull();
  });

  it('keeps a key from being made that was erased before its first use', async () => {
    await vault.erase('early');

    await expect(vault.seal('early', '4821')).rejects.toThrow(KeyErasedError);
  });

  it('erases many keys at once and leaves the others alone', async () => {
    const ids = Array.from({ length: 300 }, (_, n) => `code-${n}`);
    const sealed = await Promise.all(ids.map((id) => vault.seal(id, '4821')));
    await Promise.all(ids.filter((_, n) => n % 3 === 0).map((id) => vault.erase(id)));

    const opened = await Promise.all(sealed.map((each) => vault.open(each)));
    expect(opened).toEqual(ids.map((_, n) => (n % 3 === 0 ? null : '4821')));
  });

  it('is refused when it is opened with another master key', async () => {
    await expect(open(Buffer.alloc(32, 8))).rejects.toThrow(/made with another master key/);
  });

  it('recognises equal texts in one scope by a fingerprint that depends on the scope and the master key', async () => {
    const anew = await open();

    expect(vault.fingerprint('lock-1', '4821')).toBe(anew.fingerprint('lock-1', '4821'));
    expect(vault.fingerprint('lock-1', '4821')).not.toBe(vault.fingerprint('lock-2', '4821'));
    expect(vault.fingerprint('lock-1', '4821')).not.toBe(vault.fingerprint('lock-14', '821'));
  });

  it('makes equal fingerprints of equal PINs under one key, and different ones of others or under other keys', async () => {
    const { pinFingerprint } = await vault.sealPin('a', '4821');

    expect((await (await open()).sealPin('a', '4821')).pinFingerprint).toBe(pinFingerprint);
    expect((await vault.sealPin('a', '4822')).pinFingerprint).not.toBe(pinFingerprint);
    expect((await vault.sealPin('b', '4821')).pinFingerprint).not.toBe(pinFingerprint);
  });

  it('makes no fingerprint any more under a key that was erased', async () => {
    await vault.sealPin('a', '4821');
    await vault.erase('a');

    await expect(vault.sealPin('a', '4821')).rejects.toThrow(KeyErasedError);
    await expect(vault.fingerprintUnder('a', '4821')).rejects.toThrow(KeyErasedError);
  });

  it('opens many boxes at once, except those that it can not', async () => {
    const sealed = await Promise.all(['1', '2', '3', '4'].map((pin) => vault.seal(`code-${pin}`, pin)));
    await vault.erase('code-2');
    const unknown = { keyId: 'nobody', box: sealed[0]!.box };
    const copied = { keyId: 'code-3', box: sealed[3]!.box };

    expect(await vault.openAll([...sealed, unknown, copied, sealed[0]!])).toEqual([
      '1',
      null,
      '3',
      '4',
      null,
      null,
      '1',
    ]);
  });

  it('knows which keys it never had, and an erased one is not among them', async () => {
    await vault.seal('kept', '1');
    await vault.seal('gone', '2');
    await vault.erase('gone');

    expect(await vault.unknownKeys(['kept', 'gone', 'lost', 'lost', 'other'])).toEqual(['lost', 'other']);
  });

  it('knows its own marks, also after it was opened again, and no others', async () => {
    const mark = vault.mark('a fact');
    const anew = await open();

    expect(anew.isMarked('a fact', mark)).toBe(true);
    expect(anew.isMarked('another fact', mark)).toBe(false);
    expect(anew.isMarked('a fact', '')).toBe(false);
    const other = testDatabase(engine);
    const stranger = await openVault({ database: await other.open(), masterKey });
    expect(stranger.isMarked('a fact', mark)).toBe(false);
    await other.drop();
  });

  it('opens everything with the master key that took the place of the one before, which opens nothing', async () => {
    const next = Buffer.alloc(32, 9);
    const sealed = await vault.seal('a', '4821');
    const secret = vault.sealSecret('webhook', 'whsec_abc');
    const mark = vault.mark('a fact');
    await rekeyVault({ database: await test.open(), masterKey }, next);

    const anew = await open(next);
    expect(await anew.open(sealed)).toBe('4821');
    expect(anew.openSecret('webhook', secret)).toBe('whsec_abc');
    expect(anew.isMarked('a fact', mark)).toBe(true);
    await expect(open()).rejects.toThrow(/made with another master key/);
    const database = await test.open();
    expect(await isMasterKeyOf({ database, masterKey: next })).toBe(true);
    expect(await isMasterKeyOf({ database, masterKey })).toBe(false);
    await expect(rekeyVault({ database, masterKey }, next)).rejects.toThrow(/made with another master key/);
  });

  it('takes over the keys that an earlier version wrapped by the master key itself', async () => {
    const old = testDatabase(engine);
    const database = await old.open<VaultTables>();
    await migrate(database, 'vault', vaultMigrations.slice(0, 1));
    await database.db
      .insertInto('master_key_check')
      .values({ id: 1, value: checkValue(masterKey) })
      .execute();
    const before = createVault(new KeyTable(database), keyringOfOldVault(masterKey));
    const sealed = await before.seal('a', '4821');

    expect(await (await openVault({ database, masterKey })).open(sealed)).toBe('4821');
    const next = Buffer.alloc(32, 9);
    await rekeyVault({ database, masterKey }, next);
    expect(await (await openVault({ database, masterKey: next })).open(sealed)).toBe('4821');
    await old.drop();
  });

  it('seals other secrets for one purpose', () => {
    const sealed = vault.sealSecret('webhook', 'whsec_abc');

    expect(sealed).not.toContain('whsec_abc');
    expect(vault.openSecret('webhook', sealed)).toBe('whsec_abc');
    expect(() => vault.openSecret('token', sealed)).toThrow(/could not be opened/);
  });
});

describe('the files of the vault', () => {
  let test: TestDatabase;
  beforeEach(() => {
    test = testDatabase('sqlite');
  });
  afterEach(() => test.drop());

  it('hold none of the bytes of an erased key, nor do those that a crash left for the next start', async () => {
    const database = await test.open<VaultTables>();
    const vault = await openVault({ database, masterKey });
    // Enough, in random order, for the tables' pages to have been split many times.
    const ids = Array.from({ length: 400 }, (_, n) => `${(n * 7919) % 400}-key`);
    for (const id of ids) await vault.seal(id, '4821');
    const keys = await database.db.selectFrom('keys').selectAll().execute();
    const held = () => {
      const files = readdirSync(test.folder).map((name) => readFileSync(join(test.folder, name), 'latin1'));
      return keys.filter((key) => files.some((bytes) => bytes.includes(key.wrapped.slice(20, 60)))).length;
    };
    expect(held()).toBe(400);

    await Promise.all(ids.slice(0, 150).map((id) => vault.erase(id)));
    for (const id of ids.slice(150, 200)) await vault.erase(id);
    expect(held()).toBe(200);

    const filler = keys[0]!.wrapped.replace(/./g, '-');
    await database.db.updateTable('keys').set({ wrapped: filler }).execute();
    expect(held()).toBeGreaterThan(0);
    await openVault({ database: await test.open(), masterKey });
    expect(held()).toBe(0);
  });

  it('lose no key at a power cut while others are erased, whichever pages of the log are on the disk', async () => {
    const database = await test.open<VaultTables>();
    await openVault({ database, masterKey });
    const keys = new KeyTable(database);
    const ids = Array.from({ length: 700 }, (_, n) => `${(n * 7919) % 700}-key`);
    for (const id of ids) await keys.add(id, wrapped(id));
    // From now on the log is written again from its beginning.
    await sql`pragma wal_checkpoint(passive)`.execute(database.db);
    const [file, old] = [read('test.db'), read('test.db-wal')];
    const watched = watchLog();
    const erased = ids.filter((_, n) => n % 20 === 0);
    await Promise.all(erased.map((id) => keys.erase(id)));
    watched.stop();
    const log = watched.last!;
    // The last of its pages alone, and its beginning where SQLite has waited for that.
    const pages = Array.from({ length: 30 }, (_, n) => 32 + n * PAGE_IN_LOG);
    const at = pages.filter((begin) => !same(old, log, begin, begin + PAGE_IN_LOG)).at(-1)!;
    expect(at).toBeGreaterThan(32 + PAGE_IN_LOG);
    log.copy(old, at, at, at + PAGE_IN_LOG);
    if (!watched.seen.includes('pragma synchronous = off')) log.copy(old, 0, 0, 32);
    const cut = join(test.folder, 'cut.db');
    writeFileSync(cut, file);
    writeFileSync(`${cut}-wal`, old);
    const left = await openDatabase<VaultTables>({ file: cut, durability: 'full' });
    const found = await new KeyTable(left).findAll(ids);
    await left.close();
    expect(ids.filter((id) => found.get(id) !== wrapped(id))).toEqual([]);
  });

  /** A page, and before it its number and checksum. */
  const PAGE_IN_LOG = 4096 + 24;
  const wrapped = (id: string): string => `v1.${id.padEnd(80, 'x')}`;
  const read = (name: string) => readFileSync(join(test.folder, name));
  const same = (one: Buffer, other: Buffer, from: number, to: number): boolean =>
    one.subarray(from, to).equals(other.subarray(from, to));

  /** Statements, and the log as it was before it was last emptied. */
  function watchLog() {
    const statements = watchStatements();
    const { prototype } = LibsqlStatements;
    // Called with the statements that they are asked for, below.
    const { runOnThread } = prototype;
    const watched = {
      last: undefined as Buffer | undefined,
      seen: statements.seen,
      stop() {
        prototype.runOnThread = runOnThread;
        statements.stop();
      },
    };
    prototype.runOnThread = function (this: LibsqlStatements, text: string, parameters: readonly unknown[]) {
      if (text.includes('wal_checkpoint')) watched.last = read('test.db-wal');
      return runOnThread.call(this, text, parameters);
    };
    return watched;
  }
});
