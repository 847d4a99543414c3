import { HOUR, MINUTE, until } from '@latchkey/platform';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker, type Device, Zigbee2MqttStandIn } from '@latchkey/zigbee2mqtt-stand-in';
import { connectLocally } from '../testing/connect-locally';
import { useServer } from '../testing/use-server';

const login = { username: 'latchkey', password: 'a broker password' };
const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-zigbee-'));
const file = join(dataDir, 'systems.json');

let broker: Broker;
let hub: Zigbee2MqttStandIn;
let door: Device;
let deviceId: string;

beforeAll(async () => {
  broker = await Broker.start({ login });
  hub = new Zigbee2MqttStandIn({ address: broker.address, ...login, availability: true, timeoutMs: 500 });
  await hub.start();
  door = await hub.pair({ name: 'Hintertür', users: 30 });
  const { address } = broker;
  const system = { kind: 'zigbee2mqtt', name: 'house', display_name: 'The house', slots: '10-12' };
  process.env.HOUSE_PASSWORD = login.password;
  writeFileSync(
    file,
    JSON.stringify([{ ...system, address, username: login.username, password_env: 'HOUSE_PASSWORD' }]),
  );
});

const world = useServer(() => ({ SANDBOX_LOCKS_FILE: file, DATA_DIR: dataDir }));
world.beforeStop(async () => {
  await hub.stop();
  await broker.close();
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** What is on its way at the lock has come back, and what follows from it is done. */
const settled = (isSo: () => Promise<boolean>) => until(isSo, { what: 'it is so', within: 20_000 });
const hasStatus = (id: string, status: string | 404) =>
  settled(async () => {
    await world.api.advance(1_000);
    return (await world.api.status(id)) === status;
  });
const opens = (pin: string) => door.lock.opens(pin);

describe('locks that Zigbee2MQTT runs', () => {
  it('are connected by a button on the page where the file says how they are reached', async () => {
    const { api } = world;
    const { webview } = await connectLocally(api, 'house');
    expect(webview).toMatchObject({ status: 'authorized', login_successful: true });
    await settled(async () => (await api.devices()).some(({ display_name }) => display_name === 'Hintertür'));
    const device = (await api.devices()).find(({ display_name }) => display_name === 'Hintertür')!;
    deviceId = device.device_id;
    expect(device.properties).toMatchObject({ online: true });
  });

  it('take a code just in time, say that it is set when they have it, and lose it at its end', async () => {
    const { api } = world;
    const start = (await api.now()) + 6 * HOUR;
    const code = await api.create({
      device_id: deviceId,
      code: '4821',
      starts_at: start,
      ends_at: start + HOUR,
    });
    await api.advanceTo(start - 2 * HOUR);
    expect(opens('4821')).toBe(false);
    await api.advanceTo(start - 30 * MINUTE);
    await hasStatus(code.access_code_id, 'set');
    expect(opens('4821')).toBe(true);
    expect(door.lock.slotsInUse).toEqual([10]);
    await api.advanceTo(start + HOUR + 1_000);
    await hasStatus(code.access_code_id, 404);
    expect(opens('4821')).toBe(false);
  });

  it('have room for as many codes as slots are ours; the next says so until one is free', async () => {
    const { api } = world;
    const codes = [];
    for (const pin of ['1111', '2222', '3333'])
      codes.push(await api.create({ device_id: deviceId, code: pin }));
    for (const { access_code_id } of codes) await hasStatus(access_code_id, 'set');
    const fourth = await api.create({ device_id: deviceId, code: '4444' });
    await settled(async () => (await api.get(fourth.access_code_id)).errors.length > 0);
    expect(opens('4444')).toBe(false);
    await api.delete(codes[0]!.access_code_id);
    await hasStatus(codes[0]!.access_code_id, 404);
    await hasStatus(fourth.access_code_id, 'set');
    expect(opens('4444') && !opens('1111')).toBe(true);
    expect(door.lock.slotsInUse).toEqual([10, 11, 12]);
    for (const { access_code_id } of [...codes.slice(1), fourth]) {
      await api.delete(access_code_id);
      await hasStatus(access_code_id, 404);
    }
    expect(door.lock.slotsInUse).toEqual([]);
  });

  it('change a PIN, and tell who came in by it', async () => {
    const { api } = world;
    const { access_code_id } = await api.create({ device_id: deviceId, code: '5566' });
    await hasStatus(access_code_id, 'set');
    await api.update(access_code_id, { code: '7788' });
    await hasStatus(access_code_id, 'set');
    await settled(() => Promise.resolve(opens('7788') && !opens('5566')));
    door.lock.type('7788');
    const unlocked = { event_type: 'lock.unlocked', access_code_id };
    await settled(async () => {
      const { events } = await api.ask<{ events: object[] }>('/events/list', { device_id: deviceId });
      return events.some((event) =>
        Object.entries(unlocked).every(([key, value]) => event[key as never] === value),
      );
    });
    await api.delete(access_code_id);
    await hasStatus(access_code_id, 404);
    expect(door.lock.slotsInUse).toEqual([]);
  });

  it('keep their codes, and get what was asked for, over a time without the broker', async () => {
    const { api } = world;
    const kept = await api.create({ device_id: deviceId, code: '6060' });
    await hasStatus(kept.access_code_id, 'set');
    await broker.kill();
    const asked = await api.create({ device_id: deviceId, code: '7070' });
    await api.advance(MINUTE);
    expect(await api.status(asked.access_code_id)).not.toBe('set');
    await broker.launch();
    await hasStatus(asked.access_code_id, 'set');
    expect(opens('6060') && opens('7070')).toBe(true);
    expect(door.lock.slotsInUse).toHaveLength(2);
  });

  it('leave no PIN and no password in plain text behind', () => {
    const secrets = [...['4821', '7788'].map((pin) => `"${pin}"`), login.password];
    const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((each) =>
      each.isFile(),
    );
    expect(files.length).toBeGreaterThan(3);
    for (const each of files) {
      const content = readFileSync(join(each.parentPath, each.name), 'latin1');
      for (const secret of secrets) expect([each.name, content.includes(secret)]).toEqual([each.name, false]);
    }
  });
});
