import { reportTo } from './report';

const refused = (message: string, code: string) => Object.assign(new Error(message), { code });

describe('what the node tells of its faults', () => {
  const said: unknown[][] = [];
  let now = 0;
  const report = reportTo(
    (...words) => said.push(words),
    () => now,
  );
  beforeEach(() => (said.length = 0));

  it('is one line a minute for a disk that takes nothing, however many appends meet it', () => {
    for (let nth = 0; nth < 1000; nth++) report(refused('database or disk is full', 'SQLITE_FULL'));
    report(refused('disk I/O error', 'SQLITE_IOERR_WRITE'));
    expect(said).toEqual([
      ['eventstore: nothing can be written: database or disk is full'],
      ['eventstore: nothing can be written: disk I/O error'],
    ]);
    now += 60_000;
    report(refused('database or disk is full', 'SQLITE_FULL'));
    expect(said).toHaveLength(3);
  });

  it('is the whole error for a defect, each time', () => {
    const defect = new TypeError('x is not a function');
    report(defect);
    report(defect);
    expect(said).toEqual([
      ['eventstore:', defect],
      ['eventstore:', defect],
    ]);
  });
});
