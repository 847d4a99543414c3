import { DAY, HOUR } from '@latchkey/platform';
import { Agent, request } from 'undici';
import { useServer } from '../testing/use-server';

/** More than a request sees off itself, and than are made due at a time. */
const MANY = 230;
/** More than one look at the device sees off. */
const EVEN_MORE = 520;
/** A request with so many behind it answers long before it would be told to ask again, ms. */
const ANSWER_WITHIN_MS = 5_000;

const world = useServer();
const agent = new Agent({ connections: 16 });
beforeAll(() => world.beforeStop(() => agent.close()));

interface Listed {
  readonly access_codes: readonly { access_code_id: string }[];
}

/** How many codes on a lock, made by as many requests. @returns their ids */
async function fill(device_id: string, count: number): Promise<string[]> {
  const now = await world.api.now();
  const ids: string[] = [];
  let begun = 0;
  const make = async () => {
    for (let n = begun++; n < count; n = begun++) {
      const starts_at = new Date(now + 20 * DAY + n * 1000).toISOString();
      const ends_at = new Date(now + 20 * DAY + HOUR + n * 1000).toISOString();
      const { statusCode, body } = await request(`${world.server.url}/access_codes/create`, {
        method: 'POST',
        dispatcher: agent,
        headers: { authorization: `Bearer ${world.api.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ device_id, name: `Guest ${n}`, starts_at, ends_at }),
      });
      const answer = (await body.json()) as { access_code: { access_code_id: string } };
      if (statusCode !== 200) throw new Error(`create answered ${statusCode}`);
      ids.push(answer.access_code.access_code_id);
    }
  };
  await Promise.all(Array.from({ length: 16 }, make));
  return ids;
}

const listed = async (params: object = {}) =>
  (await world.api.ask<Listed>('/access_codes/list', params)).access_codes;

async function answersSoon(path: string, params: object): Promise<void> {
  const begun = performance.now();
  expect(await world.api.call(path, params)).toMatchObject({ status: 200 });
  expect(performance.now() - begun).toBeLessThan(ANSWER_WITHIN_MS);
}

/** How many of them are looked at closely. */
const LOOKED_AT = 10;

/** Each of them has come to its end once, and integrations were told so. */
async function areGone(ids: readonly string[]): Promise<void> {
  await world.api.settle();
  for (const id of ids.filter((_, n) => n % Math.ceil(ids.length / LOOKED_AT) === 0)) {
    expect(await world.types(id)).toEqual(['CodeRequested', 'RemovalStarted', 'Removed']);
    const told = await world.api.eventTypes(id);
    expect(told.filter((type) => type === 'access_code.deleted')).toHaveLength(1);
    expect(told.at(-1)).toBe('access_code.deleted');
  }
}

describe('a device with many codes', () => {
  it('is deleted at once, and its codes with it, wherever they are looked for', async () => {
    const { deviceId: device_id } = await world.locks.add();
    const other = await world.locks.add();
    const ids = await fill(device_id, EVEN_MORE);
    const [stays] = await fill(other.deviceId, 1);

    await answersSoon('/devices/delete', { device_id });
    expect((await listed()).map(({ access_code_id }) => access_code_id)).toEqual([stays]);
    expect(await listed({ search: 'guest' })).toHaveLength(1);
    expect(await listed({ limit: 1 })).toHaveLength(1);
    for (const id of [ids[0]!, ids.at(-1)!]) {
      expect(await world.api.status(id)).toBe(404);
      const access_code_id = id;
      for (const path of ['/access_codes/update', '/access_codes/delete'])
        expect((await world.api.call(path, { access_code_id })).status).toBe(404);
    }
    await areGone(ids);
  }, 240_000);

  it('is let go of as soon: none of its codes counts as managed', async () => {
    const { deviceId: device_id } = await world.locks.add();
    const ids = await fill(device_id, MANY);
    await answersSoon('/devices/update', { device_id, is_managed: false });
    expect(await listed({ device_id })).toEqual([]);
    expect(await world.api.status(ids.at(-1)!)).toBe(404);
    await areGone(ids);
  }, 240_000);

  it('goes as soon with its account', async () => {
    const { deviceId: device_id } = await world.locks.add();
    const ids = await fill(device_id, MANY);
    const { device } = await world.api.ask<{ device: { connected_account_id: string } }>('/devices/get', {
      device_id,
    });
    const { connected_account_id } = device;
    await answersSoon('/connected_accounts/delete', { connected_account_id });
    expect(await world.api.devices()).toEqual([]);
    expect(await listed()).toEqual([]);
    await areGone(ids);
  }, 240_000);
});
