import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { Checkpoints } from './checkpoints';
import type { Position } from './event-store';
import { createProjectionTables } from './projection-tables';
import type { Tables } from './tables';

const at = (commit: number): Position => ({ commit: BigInt(commit), prepare: BigInt(commit) });
const event = (commit: number) => ({ position: at(commit), id: `event-${commit}` });

describe.each(testEngines)('the checkpoint of a view on %s', (engine) => {
  const test = testDatabase(engine);
  let database: Database<Tables>;
  let checkpoints: Checkpoints;
  beforeAll(async () => {
    database = await test.open<Tables>();
    await createProjectionTables(database);
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    await database.db.deleteFrom('checkpoints').execute();
    checkpoints = new Checkpoints(database, { name: 'a-view', version: 1 });
    await database.transaction((trx) => checkpoints.begin(trx, 0));
  });

  const advance = (known: Position | undefined, to: number) =>
    database.transaction((trx) => checkpoints.advance(trx, known, at(to), event(to), 1000));
  const stored = async () => (await checkpoints.load())?.position;

  it('moves on to an event from where it is, whether that is known or not', async () => {
    expect(await advance(undefined, 1)).toBeUndefined();
    expect(await advance(at(1), 2)).toEqual(at(1));
    expect(await advance(undefined, 3)).toEqual(at(2));
    expect(await checkpoints.load()).toEqual({ position: at(3), lastEvent: event(3), updatedAt: 1000 });
  });

  it('is read where it is not where it is thought to be', async () => {
    await advance(undefined, 2);
    await advance(at(2), 5);
    // Another process has folded on.
    expect(await advance(at(2), 4)).toEqual(at(5));
    expect(await stored()).toEqual(at(5));
    expect(await advance(at(2), 6)).toEqual(at(5));
    expect(await stored()).toEqual(at(6));
    // Another view was put in its place.
    await database.transaction((trx) => checkpoints.store(trx, at(1), event(1), 0));
    expect(await advance(at(6), 7)).toEqual(at(1));
    expect(await stored()).toEqual(at(7));
  });

  it('does not move where what is folded with it fails', async () => {
    await advance(undefined, 1);
    const failing = database.transaction(async (trx) => {
      await checkpoints.advance(trx, at(1), at(2), event(2), 1000);
      throw new Error('can not be folded');
    });
    await expect(failing).rejects.toThrow('can not be folded');
    expect(await advance(at(1), 2)).toEqual(at(1));
  });
});
