import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Codes } from './codes';
import { CloudDatabase } from './database';
import { Locks } from './locks';
import { Webhooks } from './webhooks';

type Count = { page_count: number };

const content = (code: string) => ({ name: `Guest ${code}`, code, starts_at: null, ends_at: 7 });

describe('what is kept in memory beside the file', () => {
  let folder: string;
  let database: CloudDatabase;
  let codes: Codes;
  const open = () => {
    database = new CloudDatabase(folder);
    codes = new Codes(database);
  };
  const seen = () => ['front', 'back'].map((lock) => codes.on(lock));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lock-cloud-table-'));
    open();
  });
  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  it('is what the file has, whatever was done and undone', () => {
    let state = 42;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (state >> 8) % below;
    };
    const step = () => {
      const [lock, n] = [random(2) ? 'front' : 'back', random(30)];
      const id = `code-${n}`;
      const known = codes.get(id);
      if (!known) codes.add(id, lock, content(String(1000 + n)), 'pending');
      else if (random(3) === 0) codes.delete(id);
      else if (random(2) === 0) codes.setActive(id, content(String(2000 + random(99))));
      else codes.setPlanned(id, random(2) ? content('3333') : null);
    };
    let undone = 0;
    for (let round = 0; round < 300; round += 1) {
      const before = structuredClone(seen());
      const fails = random(2) === 0;
      const change = () =>
        database.transact(() => {
          for (let n = random(8); n >= 0; n -= 1) step();
          if (fails) throw new Error('undone');
        });
      if (!fails) {
        change();
        continue;
      }
      expect(change).toThrow('undone');
      expect(seen()).toEqual(before);
      for (const code of before.flat()) expect(codes.get(code.access_code_id)).toEqual(code);
      undone += 1;
    }
    expect(undone).toBeGreaterThan(50);
    expect(seen().flat().length).toBeGreaterThan(5);
    const memory = structuredClone(seen());
    database.close();
    open();
    expect(seen()).toEqual(memory);
  });

  it('is put back where the disk is full, and goes on once there is room', () => {
    codes.add('kept', 'front', content('1111'), 'active');
    const { page_count } = database.prepare<[], Count>('PRAGMA page_count').get()!;
    database.prepare(`PRAGMA max_page_count = ${page_count}`).all();
    const long = { ...content('2222'), name: 'x'.repeat(1_000_000) };
    const both = () =>
      database.transact(() => {
        codes.delete('kept');
        codes.add('long', 'front', long, 'active');
      });
    expect(both).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }));
    expect(() => codes.setActive('kept', long)).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }));
    expect(codes.on('front')).toMatchObject([{ access_code_id: 'kept', code: '1111', name: 'Guest 1111' }]);
    expect(codes.get('long')).toBeUndefined();

    database.prepare('PRAGMA max_page_count = 1000000').all();
    both();
    database.close();
    open();
    expect(codes.on('front')).toMatchObject([{ access_code_id: 'long' }]);
  });

  it('what lies in the order in which it is due lies so again after it was undone', () => {
    const webhooks = new Webhooks(database, new Locks(database, 1));
    const due = (seq: number, due_at: number) =>
      webhooks.deliveries.put({ seq, webhook_id: 'one', body: '{}', created_at: 0, due_at, attempts: 0 });
    for (const [seq, at] of [
      [1, 30],
      [2, 10],
      [3, 30],
      [4, 20],
    ] as const)
      due(seq, at);
    const order = () => webhooks.waitingFor('one').map(({ seq }) => seq);
    expect(order()).toEqual([2, 4, 1, 3]);
    const change = () =>
      database.transact(() => {
        due(3, 5);
        for (const delivery of [...webhooks.waitingFor('one')]) webhooks.deliveries.delete(delivery);
        due(2, 40);
        throw new Error('undone');
      });
    expect(change).toThrow('undone');
    expect(order()).toEqual([2, 4, 1, 3]);
    expect(webhooks.subscribe('account', 'http://one', ['device.added'])).toBe(webhooks.list('account')[0]);
  });
});
