import { MINUTE } from '@latchkey/platform';
import { RestartableServer } from '../testing/restartable-server';

interface Device {
  readonly device_id: string;
  readonly properties: { readonly name: string; readonly online: boolean };
  readonly errors: readonly { readonly error_code: string }[];
}

const server = new RestartableServer();
afterAll(() => server.discard());

const devices = async () => (await server.api.ask<{ devices: Device[] }>('/devices/list')).devices;

test('a sandbox whose lock cloud was lost starts with new locks, and keeps what it knows of the old ones', async () => {
  await server.start();
  const before = await devices();
  const lost = await server.api.create({ device_id: before[0]!.device_id, code: '482617' });
  await server.api.advance(MINUTE);
  await server.stop();
  server.remove('lock-cloud');

  await server.start();
  const ids = before.map(({ device_id }) => device_id);
  const after = await devices();
  const removed = after.filter(({ device_id }) => ids.includes(device_id));
  const fresh = after.filter(({ device_id }) => !ids.includes(device_id));
  expect(removed).toHaveLength(before.length);
  for (const { errors } of removed)
    expect(errors.map(({ error_code }) => error_code)).toContain('device_removed');
  expect(fresh.map(({ properties }) => properties.name).sort()).toEqual(
    before.map(({ properties }) => properties.name).sort(),
  );
  expect(await server.api.get(lost.access_code_id)).toMatchObject({ code: '482617' });
  const code = await server.api.create({ device_id: fresh[0]!.device_id, code: '482618' });
  await server.api.advance(MINUTE);
  expect(await server.api.status(code.access_code_id)).toBe('set');
}, 90_000);
