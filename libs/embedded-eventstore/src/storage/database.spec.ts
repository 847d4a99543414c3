import Database from 'libsql';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeDatabase, DATABASE_FILE, openDatabase } from './database';
import { EventLog } from './event-log';
import { checkIntegrity } from './integrity';
import { randomEvent } from './storage-fixtures';

describe('the file of a node', () => {
  let dataDir: string;
  let path: string;

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'eventstore-'));
    path = join(dataDir, DATABASE_FILE);
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  function open(): void {
    const db = openDatabase(dataDir);
    try {
      checkIntegrity(db, new EventLog(db, () => 0), dataDir);
    } finally {
      closeDatabase(db);
    }
  }

  function fill(events: number): void {
    const db = openDatabase(dataDir);
    const log = new EventLog(db, () => 0);
    log.transact(() =>
      log.append(
        'stream-1',
        Array.from({ length: events }, () => randomEvent(500)),
      ),
    );
    closeDatabase(db);
  }

  function overwrite(offset: number, bytes: Buffer): void {
    const file = openSync(path, 'r+');
    writeSync(file, bytes, 0, bytes.length, offset);
    closeSync(file);
  }

  it('is made whole, and leaves nothing beside it when closed', () => {
    open();

    expect(readdirSync(dataDir)).toEqual([DATABASE_FILE]);
    expect(() => open()).not.toThrow();
  });

  it('is refused when it is empty', () => {
    writeFileSync(path, '');

    expect(() => open()).toThrow(/is empty/);
  });

  it('is refused when it is no database', () => {
    writeFileSync(path, Buffer.alloc(8192, 'no database'));

    expect(() => open()).toThrow(/damaged/);
  });

  it('is refused when it is the database of something else', () => {
    const other = new Database(path);
    other.exec('CREATE TABLE guests (name TEXT)');
    other.close();

    expect(() => open()).toThrow(/something else/);
  });

  it('is refused when a later version made it', () => {
    open();
    const db = openDatabase(dataDir);
    db.exec('PRAGMA user_version = 99');
    closeDatabase(db);

    expect(() => open()).toThrow(/format 99/);
  });

  it('of format 1 is taken over as it is, and is of format 2 from then on', () => {
    fill(3);
    const asFormat1 = new Database(path);
    asFormat1.exec("UPDATE streams SET last_revision = 2 WHERE name = 'stream-1'");
    asFormat1.exec("INSERT INTO streams (name, last_revision) VALUES ('erased', 7)");
    asFormat1.exec('PRAGMA user_version = 1');
    asFormat1.close();

    const db = openDatabase(dataDir);
    try {
      const log = new EventLog(db, () => 0);
      const { lastPosition } = log;
      log.transact(() => [log.append('stream-1', [randomEvent(5)]), log.append('erased', [randomEvent(5)])]);

      expect(log.after(lastPosition, 10).map(({ stream, revision }) => [stream, revision])).toEqual([
        ['stream-1', 3],
        ['erased', 8],
      ]);
      expect(log.ofStream(log.head('stream-1')!, 0, 10)).toHaveLength(4);
      expect(db.pragma('user_version')).toEqual([{ user_version: 2 }]);
    } finally {
      closeDatabase(db);
    }
  });

  it('is refused when its end is missing', () => {
    fill(200);
    truncateSync(path, readFileSync(path).length - 4096 * 5);

    expect(() => open()).toThrow(/damaged/);
  });

  it('is refused when its structure is damaged', () => {
    fill(200);
    overwrite(4096 * 6, Buffer.alloc(4096, 0xa5));

    expect(() => open()).toThrow(/damaged/);
  });

  it('is refused when a single bit of an event has changed', () => {
    fill(20);
    const marker = Buffer.from('flip-this-bit-flip-this-bit');
    const db = openDatabase(dataDir);
    const log = new EventLog(db, () => 0);
    log.transact(() => log.append('stream-2', [{ ...randomEvent(10), data: marker }]));
    closeDatabase(db);
    const offset = readFileSync(path).indexOf(marker);
    overwrite(offset, Buffer.from([marker[0]! ^ 1]));

    expect(() => open()).toThrow(/damaged/);
  });

  it('that was refused stays as it was', () => {
    writeFileSync(path, Buffer.alloc(8192, 'no database'));
    expect(() => open()).toThrow(/damaged/);

    expect(readFileSync(path)).toEqual(Buffer.alloc(8192, 'no database'));
  });
});
