import fc from 'fast-check';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeDatabase, openDatabase, type SqliteDatabase } from './database';
import { EventLog } from './event-log';
import { randomEvent } from './storage-fixtures';

describe('erasing events', () => {
  let dataDir: string;
  let db: SqliteDatabase;
  let log: EventLog;

  const open = (): void => {
    db = openDatabase(dataDir);
    log = new EventLog(db, () => 0);
  };
  const eraseUnless = (keep: (marker: string) => boolean): void => {
    log.beginErasing();
    const isKept = (event: { data: Uint8Array }): boolean => keep(Buffer.from(event.data).toString('latin1'));
    while (log.transact(() => log.eraseSome(7, isKept)) !== undefined);
    log.endErasing();
  };
  const bytesOnDisk = (): Buffer =>
    Buffer.concat(readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name))));
  const appendMarked = (marker: string, size: number): void => {
    const data = Buffer.from(marker.repeat(Math.ceil(size / marker.length)));
    log.transact(() => log.append(`stream-${marker.length % 3}`, [{ ...randomEvent(0), data }]));
  };

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'eventstore-'));
    open();
  });
  afterEach(() => {
    closeDatabase(db);
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('leaves no byte of them in the file, whatever their sizes, and all of the others', () => {
    let round = 0;
    const sizes = fc.array(fc.tuple(fc.oneof(fc.nat(400), fc.nat(9000)), fc.boolean()), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(sizes, (events) => {
        round += 1;
        const marked = events.map(([size, erase], n) => ({ size, erase, marker: `<r${round}e${n}>` }));
        for (const { marker, size } of marked) appendMarked(marker, size + 20);
        const erased = new Set(marked.filter(({ erase }) => erase).map(({ marker }) => marker));
        const markerOf = (data: string): string => data.slice(0, data.indexOf('>') + 1);

        eraseUnless((data) => !erased.has(markerOf(data)));

        const bytes = bytesOnDisk();
        expect([...erased].filter((marker) => bytes.includes(marker))).toEqual([]);
        const kept = marked.filter(({ erase }) => !erase);
        expect(kept.filter(({ marker }) => !bytes.includes(marker))).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it('leaves no byte of what stood in an event before it was replaced, and the event where it was', () => {
    let round = 0;
    const sizes = fc.array(fc.tuple(fc.nat(6000), fc.boolean(), fc.nat(6000)), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(sizes, (events) => {
        round += 1;
        const marked = events.map(([size, replace, by], n) => ({
          size,
          replace,
          by,
          marker: `<w${round}e${n}>`,
        }));
        const stored = marked.map(({ marker, size }) => {
          const data = Buffer.from(marker.repeat(Math.ceil((size + 20) / marker.length)));
          return log.transact(() => log.append('rewritten', [{ ...randomEvent(0), data }]))[0]!;
        });
        const others = marked.flatMap(({ replace, by }, n) => (replace ? [{ event: stored[n]!, by }] : []));
        for (const { event, by } of others) {
          const content = { data: Buffer.from('-'.repeat(by)), metadata: event.metadata };
          expect(log.transact(() => log.replace(event, content))).toBe(true);
        }
        eraseUnless(() => true);

        const bytes = bytesOnDisk();
        for (const { marker, replace } of marked)
          expect([marker, bytes.includes(marker)]).toEqual([marker, !replace]);
        for (const { event, by } of others) {
          const { id, type, created, position } = event;
          const now = log.at(position)!;
          expect(now).toMatchObject({ type, created, revision: event.revision });
          expect([Buffer.compare(now.id, id), now.data.length]).toEqual([0, by]);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('replaces nothing where there is no such event', () => {
    appendMarked('<a>', 50);
    const [event] = log.after(0, 1);
    const content = { data: Buffer.from('x'), metadata: Buffer.from('y') };
    const other = (more: object) => log.transact(() => log.replace({ ...event!, ...more }, content));
    expect([other({ id: Buffer.alloc(16) }), other({ revision: 9 }), other({ stream: 'none' })]).toEqual([
      ...[false, false, false],
    ]);
    expect(log.after(0, 1)).toEqual([event]);
  });

  it('replaces what was appended in the same transaction, and takes it back with it', () => {
    const content = { data: Buffer.from('later'), metadata: Buffer.alloc(0) };
    const [event] = log.transact(() => {
      const appended = log.append('together', [randomEvent(30)]);
      log.replace(appended[0]!, content);
      return appended;
    });
    expect(Buffer.from(log.at(event!.position)!.data).toString()).toBe('later');
    expect(() =>
      log.transact(() => {
        log.replace(event!, { ...content, data: Buffer.from('undone') });
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(Buffer.from(log.at(event!.position)!.data).toString()).toBe('later');
  });

  it('never gives a position twice, even when the newest event is erased', () => {
    appendMarked('<newest>', 100);
    const before = log.lastPosition;
    eraseUnless(() => false);
    closeDatabase(db);
    open();

    appendMarked('<next>', 10);

    expect(log.after(0, 10)).toHaveLength(1);
    expect(log.after(0, 10)[0]!.position).toBeGreaterThan(before);
    expect(log.scavengedUpTo).toBe(before);
  });

  it('can be cut off anywhere: everything is there, in order, and it can be finished later', () => {
    for (let n = 0; n < 40; n += 1) appendMarked(`<event ${n}>`, 50);
    const all = log.after(0, 100).map(({ position }) => position);
    log.beginErasing();
    log.transact(() => log.eraseSome(15, () => true));
    closeDatabase(db);
    open();

    expect(log.isErasing).toBe(true);
    const read: number[] = [];
    for (let page = log.after(0, 6); page.length > 0; page = log.after(read.at(-1)!, 6)) {
      read.push(...page.map(({ position }) => position));
    }
    expect(read).toEqual(all);
    const head = log.head('stream-0')!;
    const backwards = log.ofStreamBackwards(head, head.lastRevision, 0, 3).map(({ revision }) => revision);
    expect(backwards).toEqual([head.lastRevision, head.lastRevision - 1, head.lastRevision - 2]);

    eraseUnless(() => true);
    expect(log.isErasing).toBe(false);
    expect(log.after(0, 100).map(({ position }) => position)).toEqual(all);
  });

  it('reuses the space', () => {
    const fillAndErase = (): number => {
      for (let n = 0; n < 60; n += 1) appendMarked(`<bulk ${n}>`, 8000);
      eraseUnless(() => false);
      return bytesOnDisk().length;
    };
    fillAndErase();
    const once = fillAndErase();

    for (let more = 0; more < 3; more += 1) fillAndErase();

    expect(bytesOnDisk().length).toBeLessThan(once * 1.5);
  });
});
