import { testDatabase, testEngines } from '@latchkey/database';
import { sql } from 'kysely';
import { randomUUID } from 'node:crypto';
import { type Edge, openEdge } from '../testing/edge';
import { IdempotencyRecords } from './idempotency-records';

const request = {
  workspaceId: 'w',
  key: 'k',
  fingerprint: () => Promise.resolve('f'),
  hasOtherPins: () => Promise.resolve(false),
  requestId: 'first',
};
const again = { ...request, requestId: 'second' };

describe.each(testEngines)('a key whose first request did not come to an end, on %s', (engine) => {
  const open = async () => {
    const test = testDatabase(engine);
    let wall = 0;
    const database = await test.open();
    const records = await IdempotencyRecords.open(
      database,
      { now: () => 0, at: () => () => {} },
      { erase: () => Promise.resolve(), unknownKeys: () => Promise.resolve([]) },
      () => wall,
    );
    return { records, database, pass: (ms: number) => void (wall += ms), drop: () => test.drop() };
  };

  test('is in use at first, and late once the caller was told so', async () => {
    const { records, pass, drop } = await open();
    await records.claim(request);
    pass(8_000);
    expect(await records.claim(again)).toEqual({ kind: 'under-way' });
    pass(2_000);
    expect(await records.claim(again)).toEqual({ kind: 'late' });
    pass(51_000);
    expect(await records.claim(again)).toMatchObject({ kind: 'first', requestId: 'first' });
    expect(await records.claim(again)).toEqual({ kind: 'under-way' });
    await drop();
  });

  test('is for the next try still where that one could not be recorded either', async () => {
    const { records, database, drop } = await open();
    await records.claim(request);
    await sql`alter table idempotency_keys rename to away`.execute(database.db);
    await expect(records.leaveToNext(request)).rejects.toThrow();
    await sql`alter table away rename to idempotency_keys`.execute(database.db);
    const taking = jest.spyOn(database.db, 'updateTable').mockImplementationOnce(() => {
      throw new Error('database or disk is full');
    });
    await expect(records.claim(again)).rejects.toThrow('full');
    taking.mockRestore();
    expect(await records.claim(again)).toMatchObject({ kind: 'first', requestId: 'first' });
    await drop();
  });
});

describe('a request with an Idempotency-Key', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await openEdge();
  });
  afterAll(() => edge.close());

  test('whose first try was told that its answer took too long is told so again, with Retry-After', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const create = () => edge.post('/access_codes/create', { device_id: randomUUID(), code: '86420' }, key);
    const claims = jest
      .spyOn(edge.app.get(IdempotencyRecords), 'claim')
      .mockResolvedValueOnce({ kind: 'late' });
    const { status, body, headers } = await create();
    claims.mockRestore();
    expect({ status, type: body.error.type, retryAfter: headers.get('retry-after') }).toEqual({
      status: 503,
      type: 'service_unavailable',
      retryAfter: '1',
    });
  });
});
