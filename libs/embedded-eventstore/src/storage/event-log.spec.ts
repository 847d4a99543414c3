import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeDatabase, openDatabase, type SqliteDatabase } from './database';
import { EventLog } from './event-log';
import { randomEvent } from './storage-fixtures';

type Step =
  | { readonly kind: 'append'; readonly appends: readonly [stream: number, events: number][] }
  | { readonly kind: 'fail'; readonly appends: readonly [stream: number, events: number][] }
  | { readonly kind: 'erase'; readonly stream: number }
  | { readonly kind: 'reopen' };

const appends = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), appends }) },
  fc.record({ kind: fc.constant('fail' as const), appends }),
  fc.record({ kind: fc.constant('erase' as const), stream: fc.nat(3) }),
  fc.record({ kind: fc.constant('reopen' as const) }),
);

function succeeds(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

describe('the log', () => {
  let dataDir: string;
  let db: SqliteDatabase;
  let log: EventLog;

  const open = (): void => {
    db = openDatabase(dataDir);
    log = new EventLog(db, () => 0);
  };
  const reopen = (): void => {
    closeDatabase(db);
    open();
  };
  const erase = (stream: string): void => {
    log.beginErasing();
    while (log.transact(() => log.eraseSome(3, (event) => event.stream !== stream)) !== undefined);
    log.endErasing();
  };
  const lastRevision = (stream: string): number => log.head(stream)?.lastRevision ?? -1;

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'eventstore-'));
    open();
  });
  afterEach(() => {
    closeDatabase(db);
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('shows a transaction what it has appended itself', () => {
    log.transact(() => {
      const event = randomEvent(10);
      log.append('s', [event]);
      log.append('t', [randomEvent(10)]);

      expect(log.ofId(log.head('s')!, event.id)?.revision).toBe(0);
      expect(log.after(0, 10)).toHaveLength(2);
      expect(log.before(log.lastPosition + 1, 10)).toHaveLength(2);
      expect(log.at(log.lastPosition)?.stream).toBe('t');
    });
  });

  it('knows where a stream ends whose events are all erased, after a restart too', () => {
    log.transact(() => log.append('s', [randomEvent(10), randomEvent(10)]));
    erase('s');
    reopen();

    expect(log.ofStream(log.head('s')!, 0, 10)).toEqual([]);
    expect(lastRevision('s')).toBe(1);
  });

  it.each([1, 3])('has written nothing of %d events for which there was no room, and goes on', (count) => {
    log.transact(() => log.append('s', [randomEvent(100_000)]));
    const pages = Number((db.pragma('page_count') as [{ page_count: number }])[0].page_count);
    const tooMuch = Array.from({ length: count }, () => randomEvent(100_000));
    db.pragma(`max_page_count = ${pages}`);

    expect(() => log.transact(() => log.append('s', tooMuch))).toThrow(/full/);
    expect(lastRevision('s')).toBe(0);
    expect(log.after(0, 10)).toHaveLength(1);
    db.pragma(`max_page_count = ${pages + 1000}`);
    log.transact(() => log.append('s', tooMuch));
    reopen();
    expect(log.ofStream(log.head('s')!, 0, 10).map(({ revision }) => revision)).toEqual(
      Array.from({ length: count + 1 }, (_, n) => n),
    );
  });

  it('continues every stream without a gap, whatever failed, was erased or was restarted in between', () => {
    let run = 0;
    const play = (steps: readonly Step[]): void => {
      run += 1;
      const expected = new Map<string, { last: number; kept: number[] }>();
      const nameOf = (stream: number): string => `run-${run}-${stream}`;
      for (const step of steps) {
        if (step.kind === 'reopen') reopen();
        else if (step.kind === 'erase') {
          erase(nameOf(step.stream));
          const model = expected.get(nameOf(step.stream));
          if (model) model.kept = [];
        } else {
          const work = (): void => {
            for (const [stream, count] of step.appends) {
              log.append(
                nameOf(stream),
                Array.from({ length: count }, () => randomEvent(5)),
              );
            }
            if (step.kind === 'fail') throw new Error('no');
          };
          if (!succeeds(() => log.transact(work))) continue;
          for (const [stream, count] of step.appends) {
            const model = expected.get(nameOf(stream)) ?? { last: -1, kept: [] };
            for (let n = 0; n < count; n += 1) model.kept.push(++model.last);
            expected.set(nameOf(stream), model);
          }
        }
        for (const [stream, { last, kept }] of expected) {
          const events = log.ofStream(log.head(stream)!, 0, 1000);
          expect([stream, lastRevision(stream), events.map(({ revision }) => revision)]).toEqual([
            stream,
            last,
            kept,
          ]);
        }
      }
    };
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), play), { numRuns: 15 });
  });
});
