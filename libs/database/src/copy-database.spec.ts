import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { copyDatabase, copyDatabaseOfOther, damageOf } from './copy-database';

describe('a copy of a SQLite file', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  const open = (name: string) => {
    const db = new Libsql(at(name));
    db.pragma('journal_mode = WAL');
    return db;
  };
  const namesIn = (file: string) => {
    const db = new Libsql(file);
    const rows = db.prepare('select name from guests order by name').all([]) as { name: string }[];
    db.close();
    return rows.map(({ name }) => name);
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-copy-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('has what was committed, while another writes, and nothing of what was deleted', () => {
    const db = open('from.db');
    db.exec(`create table guests (name text); insert into guests values ('Ada'), ('Secretary'), ('Grace')`);
    db.exec(
      `delete from guests where name = 'Secretary'; begin immediate; insert into guests values ('Late')`,
    );
    copyDatabase(at('from.db'), at('to.db'));
    db.exec('commit');
    db.close();
    expect(namesIn(at('to.db'))).toEqual(['Ada', 'Grace']);
    expect(readFileSync(at('to.db')).includes('Secretary')).toBe(false);
  });

  test('is made of a file that another process has locked, with what is in its log', async () => {
    const db = open('from.db');
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec(`create table guests (name text); insert into guests values ('Ada')`);
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.exec(`insert into guests values ('Grace')`);
    expect(() => copyDatabase(at('from.db'), at('to.db'))).toThrow(/locked/);
    expect(existsSync(at('to.db'))).toBe(false);
    await copyDatabaseOfOther(at('from.db'), at('to.db'));
    db.close();
    expect(namesIn(at('to.db'))).toEqual(['Ada', 'Grace']);
    expect(existsSync(at('to.db-wal'))).toBe(false);
  }, 20_000);

  test('is not made over another file, nor of a missing one', () => {
    open('from.db').close();
    writeFileSync(at('to.db'), '');
    expect(() => copyDatabase(at('from.db'), at('to.db'))).toThrow(
      expect.objectContaining({ code: 'EEXIST' }),
    );
    expect(() => copyDatabase(at('none.db'), at('x.db'))).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
    expect(existsSync(at('none.db'))).toBe(false);
  });

  test('that is damaged is reported', () => {
    const db = open('sound.db');
    db.exec(`create table guests (name text); create index by_name on guests (name)`);
    for (let n = 0; n < 500; n++) db.prepare('insert into guests values (?)').run([`guest ${n}`]);
    db.pragma('journal_mode = DELETE');
    db.close();
    expect(damageOf(at('sound.db'))).toBeUndefined();
    const bytes = readFileSync(at('sound.db'));
    bytes.fill(0xff, 4096, 4096 + 200);
    writeFileSync(at('broken.db'), bytes);
    expect(damageOf(at('broken.db'))).toMatch(/\w/);
  });
});
