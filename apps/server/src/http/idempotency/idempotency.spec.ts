import { CreateAccessCode } from '@latchkey/access-codes';
import { Outage } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Edge, openEdge } from '../testing/edge';
import { IdempotencyRecords, KEPT_FOR } from './idempotency-records';
import { RememberedPins } from './request-pins';

let edge: Edge;
beforeAll(async () => {
  edge = await openEdge();
});
afterAll(() => edge.close());

const device_id = randomUUID();
const create = (key: string, body: object = { device_id, code: '86420' }, apiKey = edge.apiKey) =>
  edge.post('/access_codes/create', body, { 'idempotency-key': key, authorization: `Bearer ${apiKey}` });

/** Under which the creations so far were asked for. */
const requestIds = () =>
  edge.shelf.done.flatMap((each) => (each instanceof CreateAccessCode ? [each.caller.requestId] : []));

describe('a request with an Idempotency-Key', () => {
  test('is done once, and answered the same again', async () => {
    const key = randomUUID();
    const first = await create(key);
    expect(first.status).toBe(200);
    const codes = edge.shelf.codes.size;
    const again = await create(key, { code: '86420', device_id });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(edge.shelf.codes.size).toBe(codes);
  });

  test('with another body is refused', async () => {
    const key = randomUUID();
    await create(key);
    const { status, body } = await create(key, { device_id, code: '11223' });
    expect({ status, type: body.error.type }).toEqual({ status: 422, type: 'idempotency_key_reused' });
  });

  test('to another endpoint is refused', async () => {
    const key = randomUUID();
    const { body } = await create(key, { device_id });
    const id = { access_code_id: body.access_code.access_code_id as string };
    expect((await edge.post('/access_codes/get', id, { 'idempotency-key': key })).status).toBe(422);
  });

  test('with another PIN is refused, also by a server that has started since, until the code is erased', async () => {
    const key = randomUUID();
    const { body } = await create(key);
    const other = { device_id, code: '11223' };
    expect((await create(key, { device_id })).status).toBe(422);
    const remembered = jest.spyOn(RememberedPins.prototype, 'areOthers').mockReturnValue(false);
    expect((await create(key, other)).status).toBe(422);
    expect((await create(key, { device_id })).status).toBe(422);
    expect((await create(key)).status).toBe(200);
    await edge.vault.erase(body.access_code.access_code_id as string);
    expect((await create(key, other)).body.access_code.code).toBeNull();
    remembered.mockRestore();
    expect((await create(key, other)).status).toBe(422);
  });

  test('that changes nothing is done again, and nothing of it is kept', async () => {
    const key = randomUUID();
    const read = () => edge.post('/access_codes/list', {}, { 'idempotency-key': key });
    const [first, second] = [await read(), await read()];
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.headers.get('idempotent-replayed')).toBeNull();
    expect((await create(key)).status).toBe(200);
    expect((await read()).status).toBe(422);
  });

  test('that is still under way is refused', async () => {
    const key = randomUUID();
    let go = () => {};
    edge.shelf.waits = new Promise((resolve) => (go = resolve));
    const first = create(key);
    await edge.shelf.reached();
    const { status, body } = await create(key);
    go();
    expect({ status, type: body.error.type }).toEqual({ status: 409, type: 'idempotency_key_in_use' });
    expect((await first).status).toBe(200);
  });

  test('of another workspace has nothing to do with it', async () => {
    const key = randomUUID();
    const first = await create(key);
    const other = await create(key, { device_id, code: '86420' }, edge.foreignKey);
    expect(other.status).toBe(200);
    expect(other.body.access_code.access_code_id).not.toBe(first.body.access_code.access_code_id);
  });

  test.each([
    ['a fault of ours', new Error('broken'), 500],
    ['an outage', new Outage('event store', 'no answer'), 503],
  ])('that met %s is done by the next try, under the same request id', async (_what, fault, status) => {
    const key = randomUUID();
    edge.shelf.fails = fault;
    expect((await create(key)).status).toBe(status);
    const again = await create(key);
    expect(again.status).toBe(200);
    const [first, second] = requestIds().slice(-2);
    expect(first).toBe(second);
    expect((await create(key)).body).toEqual(again.body);
  });

  test('that was done but whose answer could not be kept is done again, under the same request id', async () => {
    const key = randomUUID();
    const keeping = jest.spyOn(edge.app.get(IdempotencyRecords), 'answered');
    keeping.mockRejectedValueOnce(new Outage('database', 'no answer'));
    expect((await create(key)).status).toBe(503);
    expect((await create(key)).status).toBe(200);
    const [first, second] = requestIds().slice(-2);
    expect(first).toBe(second);
  });

  test.each(['POST', 'DELETE'])(
    'to delete, by %s, that was done but whose answer could not be kept is told that it is done',
    async (method) => {
      const { body } = await create(randomUUID());
      const { access_code_id } = body.access_code as { access_code_id: string };
      const key = randomUUID();
      const ask = (idempotencyKey: string) =>
        fetch(`${edge.url}/access_codes/delete?access_code_id=${access_code_id}`, {
          method,
          headers: { authorization: `Bearer ${edge.apiKey}`, 'idempotency-key': idempotencyKey },
        });
      jest
        .spyOn(edge.app.get(IdempotencyRecords), 'answered')
        .mockRejectedValueOnce(new Outage('database', 'no answer'));
      expect((await ask(key)).status).toBe(503);
      const again = await ask(key);
      expect(again.status).toBe(200);
      expect(await (await ask(key)).json()).toEqual(await again.json());
      expect((await ask(randomUUID())).status).toBe(404);
    },
  );

  test.each(['PATCH', 'PUT'])('by %s is done once too', async (method) => {
    const { body } = await create(randomUUID());
    const { access_code_id } = body.access_code as { access_code_id: string };
    const key = randomUUID();
    const update = async (name: string) => {
      const response = await fetch(`${edge.url}/access_codes/update`, {
        method,
        headers: {
          authorization: `Bearer ${edge.apiKey}`,
          'idempotency-key': key,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ access_code_id, name }),
      });
      return [response.status, response.headers.get('idempotent-replayed')];
    };
    expect(await update('First')).toEqual([200, null]);
    expect(await update('First')).toEqual([200, 'true']);
    expect(await update('Second')).toEqual([422, null]);
  });

  test('that was not valid may be corrected', async () => {
    const key = randomUUID();
    expect((await create(key, { device_id, code: 'x' })).status).toBe(400);
    expect((await create(key)).status).toBe(200);
  });

  test('is forgotten after a day', async () => {
    const key = randomUUID();
    const first = await create(key);
    edge.clock.set(edge.clock.now() + KEPT_FOR);
    const again = await create(key);
    expect(again.headers.get('idempotent-replayed')).toBeNull();
    expect(again.body.access_code.access_code_id).not.toBe(first.body.access_code.access_code_id);
  });

  test('loses its PIN when the code is erased, here too', async () => {
    const key = randomUUID();
    const first = await create(key);
    await edge.vault.erase(first.body.access_code.access_code_id as string);
    expect((await create(key)).body.access_code).toEqual({ ...first.body.access_code, code: null });
  });

  test('leaves no PIN in any file', async () => {
    await create(randomUUID(), { device_id, code: '975318642' });
    for (const file of readdirSync(edge.dataDir)) {
      expect(readFileSync(join(edge.dataDir, file), 'latin1')).not.toContain('975318642');
    }
  });

  test.each(['', 'x'.repeat(256)])('must have a key of a length that can be kept: %j', async (key) => {
    expect((await create(key)).status).toBe(400);
  });
});
