import { setImmediate as nextTurn } from 'node:timers/promises';
import { CryptoRandom, MINUTE, SeededRandom, type Vault } from '@latchkey/platform';
import fc from 'fast-check';
import { isUniqueViolation } from '../engines/portable';
import { testDatabase, testEngines, type TestDatabase } from '../testing/test-databases';
import { openVault } from '../vault/open-vault';
import { newApiToken } from './api-token';
import { openRecords, type Records, type RecordsTables } from './records';
import { type Database } from '../database';

const NOW = Date.UTC(2026, 0, 1);
const workspace = { workspaceId: 'w1', name: 'Sandbox', isSandbox: true, settings: { a: 1 }, createdAt: NOW };
const key = (n: number) => ({
  apiKeyId: `key-${n}`,
  workspaceId: 'w1',
  name: `Key ${n}`,
  token: newApiToken(new SeededRandom(n)),
  createdAt: NOW + n,
});

describe.each(testEngines)('the records on %s', (engine) => {
  let test: TestDatabase;
  let database: Database<RecordsTables>;
  let vault: Vault;
  let records: Records;

  const reopen = async () => openRecords(await test.open(), vault);

  beforeEach(async () => {
    test = testDatabase(engine);
    database = await test.open<RecordsTables>();
    vault = await openVault({ database, masterKey: Buffer.alloc(32, 1) });
    records = await openRecords(database, vault);
  });
  afterEach(() => test.drop());

  describe('of workspaces', () => {
    it('are kept', async () => {
      await records.workspaces.create({
        ...workspace,
        workspaceId: 'w2',
        createdAt: NOW + 1,
        isSandbox: false,
      });
      await records.workspaces.create(workspace);
      const again = await reopen();

      expect(await again.workspaces.get('w1')).toEqual(workspace);
      expect(await again.workspaces.get('w3')).toBeNull();
      expect((await again.workspaces.list()).map((each) => [each.workspaceId, each.isSandbox])).toEqual([
        ['w1', true],
        ['w2', false],
      ]);
    });

    it('are made once', async () => {
      await records.workspaces.create(workspace);
      const again = await records.workspaces.create(workspace).catch((error: unknown) => error);

      expect(isUniqueViolation(again)).toBe(true);
    });

    it('can be renamed', async () => {
      await records.workspaces.create(workspace);

      expect(await records.workspaces.rename('w1', 'Harbour View')).toEqual({
        ...workspace,
        name: 'Harbour View',
      });
      expect(await records.workspaces.rename('w9', 'Nobody')).toBeNull();
    });

    it('take changes of single settings, none lost when they come at once', async () => {
      await records.workspaces.create(workspace);
      const other = await reopen();
      await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          (n % 2 ? records : other).workspaces.updateSettings('w1', { [`s${n}`]: n }),
        ),
      );
      const settings = (await records.workspaces.updateSettings('w1', { a: undefined }))?.settings;

      expect(settings).toEqual(Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`s${n}`, n])));
      expect(await records.workspaces.updateSettings('w9', {})).toBeNull();
    });
  });

  describe('of API keys', () => {
    beforeEach(() => records.workspaces.create(workspace));

    it('know whose a token is, until it is revoked', async () => {
      await records.apiKeys.create(key(1));
      await records.apiKeys.create(key(2));

      expect(await records.apiKeys.find(key(2).token)).toEqual({
        apiKeyId: 'key-2',
        workspaceId: 'w1',
        permissions: [],
      });
      expect(await records.apiKeys.find(`${key(2).token}x`)).toBeNull();
      expect(await records.apiKeys.find('')).toBeNull();
      expect(await records.apiKeys.revoke('key-2')).toBe(true);
      expect(await records.apiKeys.revoke('key-2')).toBe(false);
      expect(await records.apiKeys.find(key(2).token)).toBeNull();
      expect(await records.apiKeys.find(key(1).token)).not.toBeNull();
    });

    it('see at once what another instance changes', async () => {
      await records.apiKeys.create(key(1));
      await records.apiKeys.create(key(2));
      const other = await reopen();
      expect(await records.apiKeys.find(key(1).token)).toMatchObject({ permissions: [] });
      expect(await records.apiKeys.find(key(2).token)).not.toBeNull();

      await other.apiKeys.permit('key-1', ['audit']);
      // Another process writes in no turn of this one's event loop.
      await nextTurn();
      expect(await records.apiKeys.find(key(1).token)).toMatchObject({ permissions: ['audit'] });
      expect(await other.apiKeys.find(key(2).token)).not.toBeNull();
      await other.apiKeys.revoke('key-2');
      await nextTurn();
      expect(await records.apiKeys.find(key(2).token)).toBeNull();
      expect(await other.apiKeys.find(key(2).token)).toBeNull();
    });

    it('hold no token', async () => {
      await records.apiKeys.create(key(1));
      const rows = JSON.stringify(await database.db.selectFrom('api_keys').selectAll().execute());

      expect(rows).not.toContain(key(1).token.slice(0, 12));
      expect(rows).toContain(key(1).token.slice(0, 9));
    });

    it('are listed by workspace', async () => {
      await records.workspaces.create({ ...workspace, workspaceId: 'w2' });
      await records.apiKeys.create(key(2));
      await records.apiKeys.create(key(1));
      await records.apiKeys.create({ ...key(3), workspaceId: 'w2' });

      const { token, ...shown } = key(1);
      expect((await records.apiKeys.list('w1')).map(({ apiKeyId }) => apiKeyId)).toEqual(['key-1', 'key-2']);
      expect((await records.apiKeys.list('w1'))[0]).toEqual({
        ...shown,
        prefix: token.slice(0, 9),
        permissions: [],
        lastUsedAt: null,
      });
    });

    it('are refused without their workspace, and with a token that exists already', async () => {
      await records.apiKeys.create(key(1));

      await expect(records.apiKeys.create({ ...key(2), workspaceId: 'w9' })).rejects.toThrow(/foreign key/i);
      const twice = await records.apiKeys.create({ ...key(2), token: key(1).token }).catch((e: unknown) => e);
      expect(isUniqueViolation(twice)).toBe(true);
    });

    it('remember their last use, to within a minute, and never an earlier one', async () => {
      await records.apiKeys.create(key(1));
      const used = async () => (await records.apiKeys.list('w1'))[0]?.lastUsedAt;

      await records.apiKeys.touch('key-1', NOW);
      await records.apiKeys.touch('key-1', NOW + 59_999);
      expect(await used()).toBe(NOW);
      await records.apiKeys.touch('key-1', NOW + MINUTE);
      expect(await used()).toBe(NOW + MINUTE);
      await (await reopen()).apiKeys.touch('key-1', NOW + 10);
      expect(await used()).toBe(NOW + MINUTE);
    });
  });

  describe('of settings', () => {
    it('are kept', async () => {
      await records.settings.set('clock', '1');
      await records.settings.set('clock', '2');
      const again = await reopen();

      expect(await again.settings.get('clock')).toBe('2');
      expect(await again.settings.get('nothing')).toBeNull();
      await again.settings.delete('clock');
      expect(await records.settings.get('clock')).toBeNull();
    });

    it('set at the first start by many instances at once have one value', async () => {
      const other = await reopen();
      const values = await Promise.all(
        ['a', 'b', 'c', 'd'].map((value, n) =>
          (n % 2 ? records : other).settings.setSecretIfAbsent('cursor_key', value),
        ),
      );

      expect(new Set(values).size).toBe(1);
      expect(await records.settings.getSecret('cursor_key')).toBe(values[0]);
    });

    it('that are secret are sealed, each for its own name', async () => {
      await records.settings.setSecret('client_secret', 'hunter2');
      const sealed = await records.settings.get('client_secret');
      await records.settings.set('other', sealed!);

      expect(sealed).not.toContain('hunter2');
      expect(await (await reopen()).settings.getSecret('client_secret')).toBe('hunter2');
      await expect(records.settings.getSecret('other')).rejects.toThrow(/could not be opened/);
    });
  });

  it('of settings that are secret are read as they were written last, by whichever process', async () => {
    const other = await reopen();
    const secrets = async () => {
      await nextTurn();
      const both = [records, other].map(({ settings }) => settings.getSecret('address'));
      return Promise.all(both);
    };
    const says = (first: string | null) => [first, first];
    expect(await secrets()).toEqual(says(null));
    await records.settings.setSecretIfAbsent('address', 'first');
    expect(await secrets()).toEqual(says('first'));
    await other.settings.setSecret('address', 'second');
    expect(await secrets()).toEqual(says('second'));
    const second = await records.settings.get('address');
    await records.settings.setSecret('address', 'third');
    expect(await secrets()).toEqual(says('third'));
    const third = await records.settings.get('address');
    expect(await records.settings.replace('address', third!, second!)).toBe(true);
    expect(await secrets()).toEqual(says('second'));
    await other.settings.delete('address');
    expect(await secrets()).toEqual(says(null));
  });

  describe('of account tokens', () => {
    const token = {
      accessToken: 'access-hunter2',
      refreshToken: 'refresh-hunter2',
      expiresAt: NOW,
      userId: 'u',
    };

    it('are kept sealed until they are deleted', async () => {
      await records.accountTokens.put('a1', { ...token, accessToken: 'old' });
      await records.accountTokens.put('a1', token);
      const rows = await database.db.selectFrom('account_tokens').selectAll().execute();

      expect(await (await reopen()).accountTokens.get('a1')).toEqual(token);
      expect(await records.accountTokens.get('a2')).toBeNull();
      expect(JSON.stringify(rows)).not.toContain('hunter2');
      await records.accountTokens.delete('a1');
      expect(await records.accountTokens.get('a1')).toBeNull();
    });

    it('are those that were put last, by whichever process, and none once they are deleted', async () => {
      const other = await reopen();
      const tokens = async () => {
        await nextTurn();
        const both = [records, other].map(({ accountTokens }) => accountTokens.get('a1'));
        return (await Promise.all(both)).map((each) => each && each.accessToken);
      };
      const puts = ({ accountTokens }: Records, accessToken: string) =>
        accountTokens.put('a1', { ...token, accessToken });
      expect(await tokens()).toEqual([null, null]);
      await puts(records, 'first');
      expect(await tokens()).toEqual(['first', 'first']);
      await puts(other, 'second');
      expect(await tokens()).toEqual(['second', 'second']);
      await puts(records, 'third');
      expect(await tokens()).toEqual(['third', 'third']);
      await other.accountTokens.delete('a1');
      expect(await tokens()).toEqual([null, null]);
    });
  });
});

describe('a new API key', () => {
  it('is seam_ and 32 random bytes in base 62, and reads as no other kind of token', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        // First the bytes that fast-check chose, then real ones if those do not work.
        let drawn = 0;
        const random = new CryptoRandom();
        const token = newApiToken({
          int: (bound) => random.int(bound),
          bytes: (count) => (drawn++ === 0 ? Buffer.from(bytes) : random.bytes(count)),
        });
        kinds.add(token.slice(5, 6));
        expect(token).toMatch(/^seam_(?!at|cst|pk)[0-9A-Za-z]{43}$/);
      }),
      { numRuns: 500 },
    );

    expect(kinds.size).toBeGreaterThan(3);
  });

  it.each(['at', 'cst', 'pk'])('is drawn again when it would begin with seam_%s', (kind) => {
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const number = [...kind.padEnd(43, '0')].reduce(
      (sum, digit) => sum * 62n + BigInt(digits.indexOf(digit)),
      0n,
    );
    const draws = [Buffer.from(number.toString(16).padStart(64, '0'), 'hex'), Buffer.alloc(32)];

    expect(newApiToken({ int: () => 0, bytes: () => draws.shift()! })).toBe(`seam_${'0'.repeat(43)}`);
    expect(draws).toEqual([]);
  });
});
