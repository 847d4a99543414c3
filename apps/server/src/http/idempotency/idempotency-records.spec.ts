import { testDatabase, testEngines } from '@latchkey/database';
import { Outage } from '@latchkey/platform';
import { sql } from 'kysely';
import { IdempotencyRecords, KEPT_FOR } from './idempotency-records';

const sameRequest = {
  workspaceId: 'w',
  key: 'k',
  fingerprint: () => Promise.resolve('f'),
  hasOtherPins: () => Promise.resolve(false),
  requestId: 'first',
};
const noKeys = { erase: () => Promise.resolve(), unknownKeys: () => Promise.resolve([]) };

describe.each(testEngines)('the records on %s', (engine) => {
  const request = sameRequest;
  const open = async () => {
    const test = testDatabase(engine);
    const clock = { now: () => 0, at: () => () => {} };
    let wall = 0;
    const database = await test.open();
    const records = await IdempotencyRecords.open(database, clock, noKeys, () => wall);
    return { records, database, pass: (ms: number) => void (wall += ms), drop: () => test.drop() };
  };

  test('leave the key of a request that died with its server to the next try, under its request id', async () => {
    const { records, pass, drop } = await open();
    expect(await records.claim(request)).toEqual({
      kind: 'first',
      requestId: 'first',
      keyId: expect.any(String),
    });
    expect(await records.claim({ ...request, requestId: 'second' })).toEqual({ kind: 'under-way' });
    pass(61_000);
    const claims = await Promise.all(
      ['third', 'fourth'].map((requestId) => records.claim({ ...request, requestId })),
    );
    expect(claims).toContainEqual({ kind: 'first', requestId: 'first', keyId: expect.any(String) });
    expect(claims).toContainEqual({ kind: 'under-way' });
    await drop();
  });

  test('erase the key of requests that nothing is kept of any more, and no other', async () => {
    const test = testDatabase(engine);
    let now = 0;
    const erased: string[] = [];
    const keys = { ...noKeys, erase: (keyId: string) => Promise.resolve(void erased.push(keyId)) };
    const clock = { now: () => now, at: () => () => {} };
    const records = await IdempotencyRecords.open(await test.open(), clock, keys);
    const used: string[] = [];
    const fingerprint = (keyId: string) => Promise.resolve(void used.push(keyId)).then(() => 'f');
    await records.claim({ ...request, key: 'first', fingerprint });
    now = KEPT_FOR / 2;
    await records.claim({ ...request, key: 'second', fingerprint });
    now = KEPT_FOR;
    await records.claim({ ...request, key: 'third', fingerprint });

    expect(new Set(used).size).toBe(3);
    expect(erased).toEqual(used.slice(0, 1));
    await test.drop();
  });

  test.each([
    ['written', 0],
    ['taken over', 61_000],
  ])('leave a key that was %s, though nobody heard of it, to the next try', async (_what, after) => {
    const test = testDatabase(engine);
    let wall = 0;
    let isLost = false;
    const database = await test.open<never>();
    const db = database.db.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: ({ result }) => {
        if (!isLost) return Promise.resolve(result);
        isLost = false;
        return Promise.reject(new Outage('database', 'no answer'));
      },
    });
    const lossy = Object.assign(Object.create(database) as typeof database, { db });
    const clock = { now: () => 0, at: () => () => {} };
    const records = await IdempotencyRecords.open(lossy, clock, noKeys, () => wall);
    await records.claim({ ...request, key: 'another' });
    if (after > 0) await records.claim(request);
    wall += after;
    isLost = after === 0;
    const losing = records.claim({
      ...request,
      // Before it is taken over the row is looked at.
      hasOtherPins: () => Promise.resolve(void (isLost = after > 0)).then(() => false),
    });
    await expect(losing).rejects.toThrow(Outage);
    expect(await records.claim({ ...request, requestId: 'next' })).toMatchObject({
      kind: 'first',
      requestId: 'first',
    });
    expect(await records.claim({ ...request, requestId: 'third' })).toEqual({ kind: 'under-way' });
    await test.drop();
  });

  test('leave a key to the next try even where that could not be written', async () => {
    const { records, database, drop } = await open();
    await records.claim(request);
    await sql`alter table idempotency_keys rename to away`.execute(database.db);
    await expect(records.leaveToNext(request)).rejects.toThrow();
    await sql`alter table away rename to idempotency_keys`.execute(database.db);
    const again = { ...request, requestId: 'second' };
    expect(await records.claim(again)).toMatchObject({ kind: 'first', requestId: 'first' });
    expect(await records.claim(again)).toEqual({ kind: 'under-way' });
    await drop();
  });

  test('forget what was answered since an instant that the event store was restored to', async () => {
    const test = testDatabase(engine);
    let now = 0;
    const records = await IdempotencyRecords.open(
      await test.open(),
      { now: () => now, at: () => () => {} },
      noKeys,
    );
    for (const [key, at] of [
      ['long before', 0],
      ['just before', 99_000],
      ['after', 130_000],
    ] as const) {
      now = at;
      await records.claim({ ...request, key });
      await records.answered({ ...request, key }, { status: 200, body: key, pins: [] });
    }
    await records.forgetSince(100_000);
    const kinds = ['long before', 'just before', 'after'].map(
      async (key) => (await records.claim({ ...request, key })).kind,
    );
    expect(await Promise.all(kinds)).toEqual(['again', 'first', 'first']);
    await test.drop();
  });

  test('know a request by its key alone where the vault was restored from before the fingerprint', async () => {
    const test = testDatabase(engine);
    const unknown: string[] = [];
    const keys = {
      ...noKeys,
      unknownKeys: (ids: readonly string[]) => Promise.resolve(ids.filter((id) => unknown.includes(id))),
    };
    const records = await IdempotencyRecords.open(
      await test.open(),
      { now: () => 0, at: () => () => {} },
      keys,
    );
    const asked: string[] = [];
    const fingerprint = (keyId: string) => Promise.resolve(void asked.push(keyId)).then(() => `by ${keyId}`);
    const first = await records.claim({ ...request, fingerprint });
    await records.answered(request, { status: 200, body: '{}', pins: [{ keyId: 'code', fingerprint: 'p' }] });
    unknown.push((first as { keyId: string }).keyId, 'code');
    const told: unknown[] = [];
    const again = await IdempotencyRecords.open(
      await test.open(),
      { now: () => 0, at: () => () => {} },
      keys,
    );
    asked.length = 0;
    const claim = await again.claim({
      ...request,
      fingerprint,
      hasOtherPins: (_, kept) => Promise.resolve(void told.push(...kept)).then(() => false),
    });
    expect(claim).toEqual({ kind: 'again', status: 200, body: '{}' });
    expect(told).toEqual([]);
    // By asking for it the vault would make a key again.
    expect(asked).not.toContain(unknown[0]);
    await test.drop();
  });

  test('give a key to one of many at the same time', async () => {
    const { records, drop } = await open();
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, n) => records.claim({ ...request, requestId: String(n) })),
    );
    expect(claims.filter(({ kind }) => kind === 'first')).toHaveLength(1);
    expect(claims.filter(({ kind }) => kind === 'under-way')).toHaveLength(19);
    await drop();
  });
});

test('a server that starts on a SQLite file knows that nothing is under way', async () => {
  const test = testDatabase('sqlite');
  const clock = { now: () => 0, at: () => () => {} };
  const request = sameRequest;
  const database = await test.open();
  await (await IdempotencyRecords.open(database, clock, noKeys)).claim(request);
  const after = await IdempotencyRecords.open(database, clock, noKeys);
  expect(await after.claim({ ...request, requestId: 'second' })).toEqual({
    kind: 'first',
    requestId: 'first',
    keyId: expect.any(String),
  });
  await test.drop();
});
