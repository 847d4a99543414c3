import { HOUR } from '@latchkey/platform';
import { testDatabase, testEngines } from '@latchkey/database';
import { BegunDeleteRecords } from './begun-deletes';

describe.each(testEngines)('deletions that were begun, on %s', (engine) => {
  const open = async () => {
    const test = testDatabase(engine);
    let now = 1_000_000;
    const database = await test.open();
    const begun = await BegunDeleteRecords.open(database, () => now);
    return { begun, database, pass: (ms: number) => void (now += ms), drop: () => test.drop() };
  };

  test('are known again for as long as is asked, and then begin again', async () => {
    const { begun, pass, drop } = await open();
    expect(await begun.begin('a', 1000)).toBe(false);
    expect(await begun.begin('b', 1000)).toBe(false);
    pass(1000);
    expect(await begun.begin('a', 1000)).toBe(true);
    pass(1);
    expect(await begun.begin('a', 1000)).toBe(false);
    expect(await begun.begin('a', 1000)).toBe(true);
    await drop();
  });

  test('are forgotten where nothing came of them, and after a day', async () => {
    const { begun, database, pass, drop } = await open();
    await begun.begin('a', 1000);
    await begun.forget('a');
    expect(await begun.begin('a', 1000)).toBe(false);
    pass(25 * HOUR);
    await begun.begin('b', 1000);
    const rows = await database.db
      .selectFrom('begun_deletes' as never)
      .selectAll()
      .execute();
    expect(rows).toHaveLength(1);
    await drop();
  });

  test('are begun by one of many at the same time', async () => {
    const { begun, drop } = await open();
    const repeated = await Promise.all(Array.from({ length: 20 }, () => begun.begin('a', 1000)));
    expect(repeated.filter((is) => !is)).toHaveLength(1);
    await drop();
  });
});
