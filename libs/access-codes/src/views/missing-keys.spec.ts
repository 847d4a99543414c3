import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { CODES, CodesProjection, type CodesTables } from './codes-projection';
import { codesWithoutKeys } from './missing-keys';

const COUNT = 450;

describe.each(testEngines)('codes whose keys the vault never had (%s)', (engine) => {
  const test = testDatabase(engine);
  let database: Database<CodesTables>;
  beforeAll(async () => {
    database = await test.open<CodesTables>();
    await new CodesProjection().create(database.db);
    const rows = Array.from({ length: COUNT }, (_, n) => rowOf(n));
    for (let from = 0; from < COUNT; from += 50) {
      await database.db
        .insertInto(CODES)
        .values(rows.slice(from, from + 50))
        .execute();
    }
  });
  afterAll(() => test.drop());

  const vault = {
    unknownKeys: (ids: readonly string[]) => Promise.resolve(ids.filter((id) => /7$/.test(id))),
  };

  it('are counted, but for codes that are gone', async () => {
    expect(await codesWithoutKeys(database, vault)).toBe(45);
    await database.db
      .updateTable(CODES)
      .set({ live_at: null })
      .where('code_id', '=', rowOf(7).code_id)
      .execute();
    expect(await codesWithoutKeys(database, vault)).toBe(44);
  });

  it('are counted while others are served: each page is followed by their turn', async () => {
    let pages = 0;
    let turns = 0;
    let counting = true;
    const turn = () => {
      turns++;
      if (counting) setImmediate(turn);
    };
    setImmediate(turn);
    const counted = { unknownKeys: (ids: readonly string[]) => (pages++, vault.unknownKeys(ids)) };
    await codesWithoutKeys(database, counted);
    counting = false;
    expect(pages).toBeGreaterThan(2);
    expect(turns).toBeGreaterThanOrEqual(pages);
  });

  it('are counted no further once it is to stop', async () => {
    let asked = 0;
    expect(await codesWithoutKeys(database, vault, () => asked++ === 0)).toBeLessThan(44);
  });
});

function rowOf(n: number): CodesTables[typeof CODES] {
  const id = `code-${String(n).padStart(6, '0')}`;
  return {
    ...{ code_id: id, workspace_id: 'w', device_id: 'd', live_at: n, readable_at: n },
    ...{ unmanaged_at: null, pool_at: null, position: n, created_at: n, search_name: '' },
    ...{ pin_fingerprint: 'f', common_code_key: null },
    state: JSON.stringify({ wanted: { pin: { keyId: id } } }),
  };
}
