import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import type { SeamAccessCode } from '@latchkey/access-codes';
import type { LockAndDevice } from '../testing/keypads';
import { attack, type Found } from '../testing/pin-guesser';
import { RestartableServer } from '../testing/restartable-server';

const server = new RestartableServer();
beforeAll(() => server.start(), 60_000);
afterAll(() => server.discard());

/** Erased in the end, each after another life. */
const ERASED = {
  deleted: '4173',
  changed: '5284',
  changedTo: '6395',
  byHand: '7406',
  expired: '8517',
  neverSent: '9628',
  shared: '1739',
  unmanaged: '3951',
  convertedLater: '4062',
  deviceGone: '5173',
};
const LIVE = '7395';

/** A request whose answer is kept. */
async function once<T>(path: string, params: object): Promise<{ status: number; body: T }> {
  const answer = await fetch(server.api.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${server.api.key}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify(params),
  });
  return { status: answer.status, body: (await answer.json()) as T };
}

async function create(params: object): Promise<string> {
  const { status, body } = await once<{ access_code: SeamAccessCode }>('/access_codes/create', params);
  expect(status).toBe(200);
  return body.access_code.access_code_id;
}

/** A request of which all but the PIN is in the facts. */
const asked = (device_id: string, code: string) => ({ code, device_id, name: 'Deleted' });

const fits = (found: Found, pins: readonly string[]) =>
  pins.filter((pin) => found.opened.has(pin) || found.guessed.has(pin));

async function workspaceId(): Promise<string> {
  const { workspace } = await server.api.ask<{ workspace: { workspace_id: string } }>('/workspaces/get');
  return workspace.workspace_id;
}

/** What is tried beside the PIN itself: what requests are distinguished by. */
async function texts({ deviceId }: LockAndDevice): Promise<((pin: string) => string)[]> {
  const workspace = await workspaceId();
  return [
    (pin) => JSON.stringify([pin]),
    (pin) => `${workspace}\n["/access_codes/create",{},${JSON.stringify(asked(deviceId, pin))}]`,
  ];
}

/** All locks of an account that was away are read back. */
async function readBack(): Promise<void> {
  const { connected_accounts } = await server.api.ask<{
    connected_accounts: { connected_account_id: string }[];
  }>('/connected_accounts/list');
  const { connected_account_id } = connected_accounts[0]!;
  await server.api.ask('/connected_accounts/simulate/disconnect', { connected_account_id });
  await server.api.ask('/connected_accounts/simulate/connect', { connected_account_id });
  await server.api.advance(MINUTE);
}

/** Every way that a PIN comes in, and every way that it goes. */
async function liveAndErase(lock: LockAndDevice, other: LockAndDevice): Promise<void> {
  const { api, locks } = server;
  const { deviceId: device_id } = lock;
  const now = await api.now();
  const soon = { starts_at: new Date(now).toISOString(), ends_at: new Date(now + 10 * HOUR).toISOString() };
  const later = { starts_at: new Date(now + 20 * DAY), ends_at: new Date(now + 21 * DAY) };

  const deleted = await create(asked(device_id, ERASED.deleted));
  const changed = await create({
    device_id,
    name: 'Changed',
    code: ERASED.changed,
    allow_external_modification: true,
  });
  await create({ device_id, name: 'Expired', code: ERASED.expired, ...soon });
  const neverSent = await create({
    device_id,
    name: 'Never',
    code: ERASED.neverSent,
    ...later,
    prefer_native_scheduling: false,
  });
  const device_ids = [device_id, other.deviceId];
  const shared = await once<{ access_codes: SeamAccessCode[] }>('/access_codes/create_multiple', {
    device_ids,
    name: 'Shared',
    code: ERASED.shared,
  });
  const gone = await create({ device_id: other.deviceId, name: 'Device gone', code: ERASED.deviceGone });
  await api.advance(MINUTE);
  expect(await api.status(gone)).toBe('set');

  // Refused: the answer is kept, the PIN is not.
  const refused = await once('/access_codes/create', { device_id, name: 'Refused', code: ERASED.deleted });
  expect(refused.status).toBe(409);
  const update = { access_code_id: changed, code: ERASED.changedTo };
  expect((await once('/access_codes/update', update)).status).toBe(200);
  await api.advance(MINUTE);
  const onLock = (await locks.codes(lock)).find(({ code }) => code === ERASED.changedTo)!;
  await locks.changeByHand(lock, onLock, { code: ERASED.byHand });
  await readBack();
  expect((await api.get(changed)).code).toBe(ERASED.byHand);

  const seen = async (code: string) =>
    (
      await once<{ access_code: { access_code_id: string } }>(
        '/access_codes/simulate/create_unmanaged_access_code',
        { device_id, name: 'Neighbour', code },
      )
    ).body.access_code.access_code_id;
  const unmanaged = await seen(ERASED.unmanaged);
  const converted = await seen(ERASED.convertedLater);
  await api.ask('/access_codes/unmanaged/convert_to_managed', { access_code_id: converted });
  await api.advance(MINUTE);
  await api.ask('/access_codes/unmanaged/delete', { access_code_id: unmanaged });

  const { access_codes } = shared.body;
  for (const id of [deleted, changed, neverSent, converted, ...access_codes.map((one) => one.access_code_id)])
    await api.delete(id);
  await api.ask('/devices/delete', { device_id: other.deviceId });
  await api.advance(11 * HOUR);
  expect((await locks.codes(lock)).map(({ code }) => code)).toEqual([LIVE]);
}

it('leaves nothing of an erased PIN that a guess can be tested with', async () => {
  const { api, locks } = server;
  const [lock, other] = [await locks.add(), await locks.add()];
  // Told of everything, and never there: what is to be delivered is kept.
  await api.ask('/webhooks/create', { url: 'http://127.0.0.1:9/', event_types: ['*'] });
  const live = await create({ device_id: lock.deviceId, name: 'Live', code: LIVE });
  await api.advance(MINUTE);
  await liveAndErase(lock, other);
  const erased = Object.values(ERASED);

  const running = attack(server.dataDir, { pins: [...erased, LIVE] });
  const withRequests = { texts: await texts(lock) };
  await server.stop();
  const stopped = attack(server.dataDir, withRequests);
  for (const found of [running, stopped]) {
    expect(fits(found, erased)).toEqual([]);
    // The attack is one: it reads what is still there, and finds it by guessing.
    expect([found.opened.has(LIVE), found.guessed.has(LIVE)]).toEqual([true, true]);
    expect(found.tokens).toBeGreaterThan(1000);
  }
  await server.start();
  expect((await server.api.get(live)).code).toBe(LIVE);
}, 180_000);
