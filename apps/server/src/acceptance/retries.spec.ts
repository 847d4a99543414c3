import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { CodesProjection, CreateAccessCodeHandler } from '@latchkey/access-codes';
import { openDatabase } from '@latchkey/database';
import { MINUTE, Outage } from '@latchkey/platform';
import { IdempotencyRecords } from '../http';
import type { LockAndDevice } from '../testing/keypads';
import { ServerWorld } from '../testing/server-world';

let world: ServerWorld;
let lock: LockAndDevice;
beforeAll(async () => {
  world = await ServerWorld.start();
}, 60_000);
afterAll(() => world.stop());
beforeEach(async () => {
  lock = await world.locks.add();
});
afterEach(() => jest.restoreAllMocks());

/** Asks with an Idempotency-Key. */
async function ask(path: string, params: object, key: string = randomUUID()) {
  const answer = await fetch(world.api.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${world.api.key}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify(params),
  });
  const body = (await answer.json()) as Record<string, unknown> & { error?: { type: string } };
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body };
}

type Asked = Awaited<ReturnType<typeof ask>>;

/** The work is done, and the answer is lost on its way to the caller. */
const loseNextAnswer = () =>
  jest
    .spyOn(IdempotencyRecords.prototype, 'answered')
    .mockRejectedValueOnce(new Outage('database', 'the connection was lost'));

const listed = async (path: string, params: object, of: string): Promise<Record<string, unknown>[]> =>
  (await world.api.ask<Record<string, Record<string, unknown>[]>>(path, params))[of]!;

async function askTwice(path: string, params: object) {
  const key = randomUUID();
  loseNextAnswer();
  const lost = await ask(path, params, key);
  expect([lost.status, lost.body.error?.type]).toEqual([503, 'service_unavailable']);
  expect(Number(lost.retryAfter)).toBeGreaterThan(0);
  const again = await ask(path, params, key);
  expect(again.status).toBe(200);
  return again.body;
}

describe('a retry with the same Idempotency-Key after a 503 does the work once', () => {
  it('of /locks/unlock_door', async () => {
    const { deviceId: device_id } = lock;
    const { action_attempt } = await askTwice('/locks/unlock_door', { device_id });
    await world.api.advance(MINUTE);
    expect(await listed('/action_attempts/list', { device_id }, 'action_attempts')).toMatchObject([
      {
        action_attempt_id: (action_attempt as { action_attempt_id: string }).action_attempt_id,
        status: 'success',
      },
    ]);
    const events = await listed('/events/list', { device_id, event_type: 'lock.unlocked' }, 'events');
    expect(events).toHaveLength(1);
  });

  it('of /webhooks/create', async () => {
    const before = await listed('/webhooks/list', {}, 'webhooks');
    const { webhook } = await askTwice('/webhooks/create', { url: 'http://127.0.0.1:9/' });
    expect(await listed('/webhooks/list', {}, 'webhooks')).toEqual([...before, webhook]);
  });

  it('of /connect_webviews/create', async () => {
    const { connect_webview } = await askTwice('/connect_webviews/create', {
      accepted_providers: ['lock-cloud'],
      customer_key: 'once',
    });
    const found = await listed('/connect_webviews/list', { customer_key: 'once' }, 'connect_webviews');
    expect(found).toEqual([connect_webview]);
  });

  it('of /workspaces/create', async () => {
    const { workspace } = await askTwice('/workspaces/create', { name: 'Made once' });
    const database = await openDatabase<{ workspaces: { workspace_id: string; name: string } }>({
      file: join(world.dataDir, 'records.db'),
      durability: 'full',
    });
    const query = database.db.selectFrom('workspaces').select('workspace_id').where('name', '=', 'Made once');
    const { workspace_id } = workspace as { workspace_id: string };
    expect(await query.execute()).toEqual([{ workspace_id }]);
    await database.close();
  });

  it('of /access_codes/create_multiple, also where only the first of the codes was made', async () => {
    const doors = [lock, await world.locks.add(), await world.locks.add()];
    const device_ids = doors.map(({ deviceId }) => deviceId);
    const { execute } = CreateAccessCodeHandler.prototype;
    jest
      .spyOn(CreateAccessCodeHandler.prototype, 'execute')
      .mockImplementationOnce(function (this: CreateAccessCodeHandler, command) {
        return execute.call(this, command);
      })
      .mockRejectedValueOnce(new Outage('event store', 'away'));
    const key = randomUUID();
    expect((await ask('/access_codes/create_multiple', { device_ids }, key)).status).toBe(503);
    const again = await ask('/access_codes/create_multiple', { device_ids }, key);
    expect(again.status).toBe(200);
    const codes = again.body.access_codes as {
      access_code_id: string;
      code: string;
      common_code_key: string;
    }[];
    expect(codes).toHaveLength(3);
    expect(new Set(codes.map(({ code }) => code)).size).toBe(1);
    expect(new Set(codes.map(({ common_code_key }) => common_code_key)).size).toBe(1);
    for (const device_id of device_ids) {
      expect(await listed('/access_codes/list', { device_id }, 'access_codes')).toHaveLength(1);
    }
    await world.api.advance(MINUTE);
    for (const { access_code_id } of codes) expect(await world.api.status(access_code_id)).toBe('set');
  });
});

describe('while the view of codes does not go on', () => {
  const held = (): (() => void) => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const { apply } = CodesProjection.prototype;
    jest.spyOn(CodesProjection.prototype, 'apply').mockImplementation(async function (
      this: CodesProjection,
      ...given
    ) {
      await gate;
      return apply.apply(this, given);
    });
    return open;
  };
  const isLate = ({ status, retryAfter, body }: Asked): void => {
    expect([status, body.error?.type]).toEqual([503, 'service_unavailable']);
    expect(Number(retryAfter)).toBeGreaterThan(0);
  };

  it('a creation is answered, a read of it is a 503 until the view has it, and then the same code', async () => {
    const open = held();
    const key = randomUUID();
    const params = { device_id: lock.deviceId, code: '4821' };
    const { status, body } = await ask('/access_codes/create', params, key);
    expect([status, body.access_code]).toEqual([200, expect.objectContaining({ code: '4821' })]);
    expect((await ask('/access_codes/create', params, key)).body.access_code).toEqual(body.access_code);
    const { access_code_id } = body.access_code as { access_code_id: string };
    isLate(await ask('/access_codes/get', { access_code_id }));
    open();
    const { body: read } = await ask('/access_codes/get', { access_code_id });
    expect(read.access_code).toMatchObject({ access_code_id, code: '4821' });
    expect(await listed('/access_codes/list', { device_id: lock.deviceId }, 'access_codes')).toHaveLength(1);
  }, 60_000);

  it('a change is a 503 until the view has it, and then done once', async () => {
    const { access_code_id } = await world.api.create({ device_id: lock.deviceId });
    const open = held();
    const key = randomUUID();
    const change = { access_code_id, name: 'Other' };
    isLate(await ask('/access_codes/update', change, key));
    isLate(await ask('/access_codes/update', change, key));
    open();
    expect((await ask('/access_codes/update', change, key)).status).toBe(200);
    const { body } = await ask('/access_codes/get', { access_code_id });
    expect(body.access_code).toMatchObject({ access_code_id, name: 'Other' });
  }, 60_000);
});
