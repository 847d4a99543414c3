import { CommitQueue } from './commit-queue';
import { closeDatabase, openDatabase, type SqliteDatabase } from './database';
import { EventLog } from './event-log';
import { randomEvent } from './storage-fixtures';

describe('the commit queue', () => {
  let db: SqliteDatabase;
  let log: EventLog;
  let commits: CommitQueue;
  let commitsDone: number;

  beforeEach(() => {
    db = openDatabase(':memory:');
    log = new EventLog(db, () => 0);
    commits = new CommitQueue(log);
    commitsDone = 0;
    const transact = log.transact.bind(log);
    log.transact = (work) => {
      commitsDone += 1;
      return transact(work);
    };
  });
  afterEach(() => closeDatabase(db));

  const append = (stream: string) => () => log.append(stream, [randomEvent(10)])[0]!.revision;

  it('writes what comes together in one transaction, in the order it came', async () => {
    const revisions = await Promise.all(Array.from({ length: 50 }, () => commits.submit(append('s'))));

    expect(revisions).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(commitsDone).toBe(1);
  });

  it('writes at once for a writer who is alone, and together again for those who are not', async () => {
    await commits.submit(append('s'));
    let written = false;
    const atOnce = commits.submit(() => (written = true));

    expect(written).toBe(true);
    const others = Promise.all(Array.from({ length: 50 }, () => commits.submit(append('s'))));
    await atOnce;
    commitsDone = 0;
    await others;
    expect(commitsDone).toBe(1);
    expect(log.head('s')?.lastRevision).toBe(50);
  });

  it('writes for a listener after those whose events it heard of', async () => {
    await commits.submit(append('s'));
    const order: string[] = [];
    const heard = new Promise((resolve) => {
      log.changes.onStream('s', () => resolve(commits.submit(append('t')).then(() => order.push('heard'))));
    });
    await commits.submit(append('s')).then(() => order.push('said'));
    await heard;

    expect(order).toEqual(['said', 'heard']);
  });

  it('lets nobody pay for another who cannot be written', async () => {
    const failing = (): never => {
      log.append('s', [randomEvent(10)]);
      throw new Error('no');
    };
    const results = await Promise.allSettled([
      commits.submit(append('s')),
      commits.submit(failing),
      commits.submit(append('s')),
    ]);

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(log.after(0, 10).map(({ revision }) => revision)).toEqual([0, 1]);
  });

  it('keeps groups within their size', async () => {
    commits = new CommitQueue(log, 1000);
    await Promise.all(Array.from({ length: 10 }, () => commits.submit(append('s'), 400)));

    expect(commitsDone).toBe(5);
  });

  it('has drained when everything submitted has been written', async () => {
    void commits.submit(append('s'));
    void commits.submit(append('s'));
    await commits.drained();

    expect(log.after(0, 10)).toHaveLength(2);
  });

  it('tells listeners after the commit only, and of nothing that was undone', async () => {
    const heard: number[] = [];
    log.changes.onStream('s', () => heard.push(log.lastPosition));
    await commits.submit(append('s'));
    await commits
      .submit(() => {
        log.append('s', [randomEvent(10)]);
        throw new Error('no');
      })
      .catch(() => undefined);

    expect(heard).toEqual([log.after(0, 10)[0]!.position]);
  });
});
