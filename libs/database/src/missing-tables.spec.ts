import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Outage } from '@latchkey/platform';
import { openStores } from './stores';
import { testDatabase, testEngines } from './testing/test-databases';

interface Tables {
  notes: { id: number };
}

describe.each(testEngines)('a table that is missing on %s', (engine) => {
  const test = testDatabase(engine);
  afterAll(() => test.drop());

  it('is an outage until its operator has put it back; a file of our own has lost it for good', async () => {
    const { db } = await test.open<Tables>();
    const make = () => db.schema.createTable('notes').addColumn('id', 'integer').execute();
    const read = () => db.selectFrom('notes').select('id').execute();
    await make();
    expect(await read()).toEqual([]);
    await db.schema.dropTable('notes').execute();
    const lost: unknown = await read().catch((error: unknown) => error);
    expect(lost instanceof Outage).toBe(engine === 'postgres');
    expect(lost).toBeInstanceOf(Error);
    await make();
    expect(await read()).toEqual([]);
  });
});

describe('a file of the data folder that is no database', () => {
  let dataDir: string;
  beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'latchkey-stores-'))));
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));
  const opened = () => openStores({ dataDir, databaseUrl: undefined, vaultKey: undefined });

  it.each(['views', 'feed', 'audit'])('may be removed: %s.db is rebuilt', async (name) => {
    await (await opened()).close();
    const file = join(dataDir, `${name}.db`);
    writeFileSync(file, 'not a database'.repeat(1_000));
    await expect(opened()).rejects.toThrow(`it may be removed (rm ${file}*): it is rebuilt from the facts.`);
    rmSync(file);
    await (await opened()).close();
  });

  it('is put back from a backup where it is the records', async () => {
    await (await opened()).close();
    rmSync(join(dataDir, 'records.db-wal'), { force: true });
    writeFileSync(join(dataDir, 'records.db'), 'not a database'.repeat(1_000));
    await expect(opened()).rejects.toThrow(/records\.db can not be opened: .*put it back from a backup/);
  });
});
