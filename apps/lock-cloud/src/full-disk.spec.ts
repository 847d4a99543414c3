import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CloudDatabase } from './database';
import { CloudClient } from './testing/cloud-client';
import { Subscriber } from './testing/subscriber';

type Count = { page_count: number };

/** SQLite is allowed no page more than it has: it answers as on a full disk, and undoes what was under way. */
const fill = (database: CloudDatabase) => {
  const { page_count } = database.prepare<[], Count>('PRAGMA page_count').get()!;
  database.prepare(`PRAGMA max_page_count = ${page_count}`).all();
};
const makeRoom = (database: CloudDatabase) => database.prepare('PRAGMA max_page_count = 1000000').all();

describe('on a full disk', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'latchkey-full-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('a change is undone as a whole, says that there is no room, and goes through when there is', () => {
    const database = new CloudDatabase(folder);
    database.prepare('CREATE TABLE t (x TEXT)').run();
    const insert = database.prepare<[string]>('INSERT INTO t VALUES (?)');
    const two = () => {
      insert.run('small');
      insert.run('x'.repeat(1_000_000));
    };
    const count = () => database.prepare<[], { n: number }>('SELECT count(*) AS n FROM t').get()!.n;
    fill(database);
    expect(() => database.transact(two)).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }));
    expect(count()).toBe(0);
    makeRoom(database);
    database.transact(two);
    expect(count()).toBe(2);
    database.close();
  });

  it('the cloud goes on: it refuses what it can not keep, and does what it has taken once there is room', async () => {
    const watched = jest.spyOn(CloudDatabase.prototype, 'transact');
    const said = jest.spyOn(console, 'error').mockReturnValue(undefined);
    const cloud = await CloudClient.start({ dataDir: folder, clock: { now: Date.now(), running: true } });
    const subscriber = await Subscriber.start();
    const lock = await cloud.addLock();
    await cloud.subscribe(subscriber.url);
    await cloud.faults(lock, { latency_ms: 300 });
    const database = watched.mock.contexts[0] as unknown as CloudDatabase;
    watched.mockRestore();

    fill(database);
    const answers = [];
    for (let n = 1000; n < 1400; n++) {
      const answer = await cloud.create(lock, { code: String(n), name: 'x'.repeat(200) });
      answers.push(answer);
      if (answer.status === 503) break;
    }
    const taken = answers.filter(({ status }) => status < 300);
    expect(answers.at(-1)).toMatchObject({ status: 503, body: { error_code: 'SERVICE_UNAVAILABLE' } });
    expect(taken.length).toBeGreaterThan(0);
    // Its clock runs: what falls due on the full disk is done where it fits, or tried again later.
    // Real time: its clock runs at the machine's pace.
    while (said.mock.calls.length === 0 && subscriber.deliveries.length === 0) await delay(20);
    makeRoom(database);
    while (subscriber.deliveries.length < taken.length) await delay(20);
    expect(subscriber.types).toEqual(taken.map(() => 'access_code.created'));
    expect(await cloud.codes(lock)).toHaveLength(taken.length);

    said.mockRestore();
    await cloud.close();
    await subscriber.close();
  }, 60_000);
});
