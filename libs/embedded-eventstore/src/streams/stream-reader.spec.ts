import fc from 'fast-check';
import { closeDatabase, openDatabase, type SqliteDatabase } from '../storage/database';
import { EventLog } from '../storage/event-log';
import { randomEvent } from '../storage/storage-fixtures';
import { StreamMetadataReader } from './stream-metadata';
import { StreamReader } from './stream-reader';
import { metadataEvent, StreamWriter } from './stream-writer';

describe('reading a stream', () => {
  let db: SqliteDatabase;
  let log: EventLog;
  let reader: StreamReader;
  let writer: StreamWriter;
  let now: number;

  beforeEach(() => {
    db = openDatabase(':memory:');
    now = 1_000_000;
    log = new EventLog(db, () => now);
    const metadata = new StreamMetadataReader(log);
    reader = new StreamReader(log, metadata, () => now);
    writer = new StreamWriter(log, metadata);
  });
  afterEach(() => closeDatabase(db));

  const setMetadata = (metadata: object): void => {
    log.transact(() => writer.append('$$s', 'any', [metadataEvent(Buffer.from(JSON.stringify(metadata)))]));
  };
  const visible = (from: number): number[] => {
    const view = reader.view('s');
    return view.kind === 'present' ? reader.forwards(view, from, 1000).map(({ revision }) => revision) : [];
  };

  it('shows what is neither truncated, nor beyond the count, nor expired, as time goes by', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5000), { minLength: 1, maxLength: 40 }),
        fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
        fc.option(fc.nat(30), { nil: undefined }),
        fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        (gaps, $maxCount, $tb, $maxAge) => {
          const first = log.head('s')?.lastRevision ?? -1;
          const written: number[] = [];
          for (const gap of gaps) {
            now += gap;
            log.transact(() => writer.append('s', 'any', [randomEvent(3)]));
            written.push(now);
          }
          setMetadata({ $maxCount, $tb: $tb === undefined ? undefined : $tb + first + 1, $maxAge });
          now += 1500;
          const last = first + gaps.length;
          const isVisible = (revision: number, at: number): boolean =>
            revision > last - ($maxCount ?? Infinity) &&
            revision >= ($tb === undefined ? 0 : $tb + first + 1) &&
            ($maxAge === undefined || at >= now - $maxAge * 1000);

          const expected = written
            .map((at, index) => ({ at, revision: first + 1 + index }))
            .filter(({ at, revision }) => isVisible(revision, at))
            .map(({ revision }) => revision);
          expect(visible(first + 1)).toEqual(expected);
        },
      ),
    );
  });

  it('cuts pages short by their bytes, but never to nothing', () => {
    const large = Array.from({ length: 5 }, () => randomEvent(900_000));
    log.transact(() => writer.append('s', 'any', large));
    const head = log.head('s')!;

    const pages: number[] = [];
    for (let next = 0; ;) {
      const page = log.ofStream(head, next, 100);
      if (page.length === 0) break;
      pages.push(page.length);
      next = page.at(-1)!.revision + 1;
    }

    expect(pages).toEqual([1, 1, 1, 1, 1]);
  });

  it('shows a reader no target of a link that the reader may not read', () => {
    log.transact(() => {
      writer.append('secret', 'any', [randomEvent(3)]);
      writer.append('s', 'any', [{ ...randomEvent(0), type: '$>', data: Buffer.from('0@secret') }]);
    });
    const view = reader.view('s');
    const [link] = view.kind === 'present' ? reader.forwards(view, 0, 1) : [];

    expect(reader.resolve(link!, true).event?.stream).toBe('secret');
    expect(reader.forReader((stream) => stream !== 'secret').resolve(link!, true)).toEqual({
      event: undefined,
      link,
    });
  });
});
