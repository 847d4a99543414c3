import { testDatabase, testEngines } from '../testing/test-databases';
import { columnsOf } from './columns';

describe.each(testEngines)('the columns of a table on %s', (engine) => {
  it('are those of the own schema, whatever another one calls its tables', async () => {
    const [ours, theirs] = [testDatabase(engine), testDatabase(engine)];
    try {
      const [here, there] = [await ours.open(), await theirs.open()];
      await there.db.schema.createTable('things').addColumn('theirs', 'text').execute();
      expect(await columnsOf(here.db, engine, 'things')).toEqual([]);
      await here.db.schema.createTable('things').addColumn('a', 'text').addColumn('b', 'text').execute();
      expect((await columnsOf(here.db, engine, 'things')).sort()).toEqual(['a', 'b']);
    } finally {
      await ours.drop();
      await theirs.drop();
    }
  });
});
