import { MINUTE } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import { apiKeys } from '../cli/api-keys';
import { connectAccount } from '../testing/connect-account';
import { useServer } from '../testing/use-server';

const world = useServer();

/** What can be deleted: how one is made, and which id names it. */
const things: Record<string, () => Promise<string>> = {
  '/access_codes': async () => (await onLock()).access_code_id,
  '/access_codes/unmanaged': async () => {
    const { deviceId: device_id } = await world.locks.add();
    const { access_code } = await world.api.ask<{ access_code: { access_code_id: string } }>(
      '/access_codes/simulate/create_unmanaged_access_code',
      { device_id, name: 'Owner', code: '4821' },
    );
    return access_code.access_code_id;
  },
  '/devices': async () => (await world.locks.add()).deviceId,
  '/connected_accounts': async () => (await connectAccount(world.api)).webview.connected_account_id!,
  '/webhooks': async () =>
    (
      await world.api.ask<{ webhook: { webhook_id: string } }>('/webhooks/create', {
        url: 'http://127.0.0.1:9/',
      })
    ).webhook.webhook_id,
  '/connect_webviews': async () =>
    (await world.api.ask<{ connect_webview: { connect_webview_id: string } }>('/connect_webviews/create'))
      .connect_webview.connect_webview_id,
};

const onLock = async () => {
  const { deviceId: device_id } = await world.locks.add();
  return world.api.create({ device_id });
};

const idOf = (path: string): string =>
  path.startsWith('/access_codes') ? 'access_code_id' : `${path.slice(1, -1)}_id`;

/** Deletes it as Seam's newer SDK does; what is gone from its lock by then is gone. */
async function remove(path: string, id: string, key = world.api.key, headers = {}) {
  const response = await fetch(`${world.api.url}${path}/delete?${idOf(path)}=${id}&_strict=true`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${key}`, ...headers },
  });
  const body = (await response.json()) as object;
  await world.api.advance(MINUTE);
  return { status: response.status, body };
}

const paths = Object.keys(things);

describe('a deletion whose answer was lost', () => {
  it.each(paths)('may be asked for again by DELETE, and is answered the same: %s', async (path) => {
    const id = await things[path]!();
    const first = await remove(path, id);
    expect(first.status).toBe(200);
    expect(await remove(path, id)).toEqual(first);
    expect((await world.api.call(`${path}/get`, { [idOf(path)]: id })).status).toBe(404);
  });

  it.each(paths)('is a 404 to POST, and to callers that did not ask for it: %s', async (path) => {
    const id = await things[path]!();
    expect((await remove(path, id)).status).toBe(200);
    expect((await world.api.call(`${path}/delete`, { [idOf(path)]: id })).status).toBe(404);
    expect((await remove(path, id, await anotherKey())).status).toBe(404);
    expect((await remove(path, id, world.api.key, { 'idempotency-key': randomUUID() })).status).toBe(404);
  });

  it.each(paths)('of what was never there is a 404 each time: %s', async (path) => {
    const id = randomUUID();
    expect((await remove(path, id)).status).toBe(404);
    expect((await remove(path, id)).status).toBe(404);
  });

  it('is done again where the device had come back meanwhile', async () => {
    const id = await things['/devices']!();
    const { device } = await world.api.ask<{ device: { connected_account_id: string } }>('/devices/get', {
      device_id: id,
    });
    expect((await remove('/devices', id)).status).toBe(200);
    const { connected_account_id } = device;
    await world.api.ask('/connected_accounts/sync', { connected_account_id });
    const there = async () => (await world.api.call('/devices/get', { device_id: id })).status;
    expect(await there()).toBe(200);
    expect((await remove('/devices', id)).status).toBe(200);
    expect(await there()).toBe(404);
  });
});

/** Of the same workspace. */
async function anotherKey(): Promise<string> {
  const lines: string[] = [];
  await apiKeys(
    ['make', '--name', 'Another', '--workspace', world.server.sandbox!.workspaceId],
    { DATA_DIR: world.dataDir },
    (line) => lines.push(line),
    () => undefined,
  );
  return lines.find((line) => line.startsWith('seam_'))!;
}
