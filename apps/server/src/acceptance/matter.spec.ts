import { SimulatedMatterLocks } from '@latchkey/gateways';
import { HOUR, MINUTE, until, type UntilOptions } from '@latchkey/platform';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectLocally } from '../testing/connect-locally';
import { useServer } from '../testing/use-server';

const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-matter-'));
const file = join(dataDir, 'systems.json');
const within = (what: string): UntilOptions => ({ what, within: 40_000, every: 100 });

let locks: SimulatedMatterLocks;
let deviceId: string;

beforeAll(async () => {
  locks = await SimulatedMatterLocks.start(mkdtempSync(join(tmpdir(), 'matter-locks-')));
  const system = { kind: 'matter', name: 'home', display_name: 'Home', slots: '5-7' };
  writeFileSync(file, JSON.stringify([{ ...system, time_zone: 'Europe/Berlin', network_interface: 'lo' }]));
});

const world = useServer(() => ({ SANDBOX_LOCKS_FILE: file, DATA_DIR: dataDir }));
world.beforeStop(() => locks.close());
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const hasStatus = (id: string, status: string | 404) =>
  until(
    async () => {
      await world.api.advance(1_000);
      return (await world.api.status(id)) === status;
    },
    within(`the code is ${status}`),
  );
/** In June, when Berlin is two hours ahead. */
const opens = async (pin: string) => locks.opens('HALL', pin, (await world.api.now()) / 1_000 + 7_200);

describe('Matter locks', () => {
  beforeAll(() => world.api.advanceTo(Date.parse('2027-06-01T12:00:00Z')));

  it('are paired on the page with a pairing code, and not with another one', async () => {
    const { api } = world;
    const refused = await connectLocally(api, 'home', { pairing_code: '1234' });
    expect(refused.webview).toMatchObject({ login_successful: false });
    const { pairingCode, port } = await locks.make('HALL', { users: 10 });
    const { webview } = await connectLocally(api, 'home', {
      pairing_code: `${pairingCode}@127.0.0.1:${port}`,
    });
    expect(webview).toMatchObject({ status: 'authorized', login_successful: true });
    const isHall = ({ display_name }: { display_name: string }) => display_name === 'HALL';
    await until(async () => (await api.devices()).some(isHall), within('the lock is listed'));
    const device = (await api.devices()).find(isHall)!;
    deviceId = device.device_id;
    expect(device.properties).toMatchObject({ online: true, max_active_codes_supported: 3 });
  });

  it('take a code ahead of its time frame, keep that themselves, and forget the code afterwards', async () => {
    const { api } = world;
    const start = (await api.now()) + 6 * HOUR;
    const code = await api.create({
      ...{ device_id: deviceId, name: 'Guest', code: '4821', starts_at: start, ends_at: start + HOUR },
    });
    await until(async () => (await locks.users('HALL')).length === 1, within('the lock has the code'));
    expect(await locks.users('HALL')).toEqual([5]);
    expect(await opens('4821')).toBe(false);
    await api.advanceTo(start + MINUTE);
    await hasStatus(code.access_code_id, 'set');
    expect(await opens('4821')).toBe(true);
    await api.advanceTo(start + HOUR + 1_000);
    expect(await opens('4821')).toBe(false);
    await hasStatus(code.access_code_id, 404);
    await until(async () => (await locks.users('HALL')).length === 0, within('the lock has forgotten it'));
  });

  it('have room for as many codes as places are ours', async () => {
    const { api } = world;
    const codes = [];
    for (const pin of ['1111', '2222', '3333'])
      codes.push(await api.create({ device_id: deviceId, code: pin }));
    for (const { access_code_id } of codes) await hasStatus(access_code_id, 'set');
    expect(await api.get(codes[0]!.access_code_id)).toMatchObject({
      code: '1111',
      is_masked_on_device: true,
    });
    const fourth = await api.create({ device_id: deviceId, code: '4444' });
    await until(
      async () => (await api.get(fourth.access_code_id)).errors.length > 0,
      within('it is refused'),
    );
    await api.delete(codes[1]!.access_code_id);
    await hasStatus(fourth.access_code_id, 'set');
    expect(await Promise.all(['1111', '2222', '3333', '4444'].map(opens))).toEqual([true, false, true, true]);
    expect(await locks.users('HALL')).toEqual([5, 6, 7]);
    for (const { access_code_id } of [codes[0]!, codes[2]!, fourth]) {
      await api.delete(access_code_id);
      await hasStatus(access_code_id, 404);
    }
  });

  it('change a PIN, and notice when somebody else writes over a code', async () => {
    const { api } = world;
    const { access_code_id } = await api.create({ device_id: deviceId, code: '5566' });
    await hasStatus(access_code_id, 'set');
    await api.update(access_code_id, { code: '7788' });
    await until(async () => !(await opens('5566')) && (await opens('7788')), within('the PIN is changed'));
    await hasStatus(access_code_id, 'set');
    const [slot] = await locks.users('HALL');
    await locks.putByHand('HALL', slot!, 'Thief', '9999');
    await until(async () => {
      await api.advance(HOUR);
      return opens('7788');
    }, within('the code is put back'));
    await hasStatus(access_code_id, 'set');
    const { access_codes } = await api.ask<{ access_codes: { name: string; code: string | null }[] }>(
      '/access_codes/unmanaged/list',
      { device_id: deviceId },
    );
    expect(access_codes).toMatchObject([{ name: 'Thief', code: null, is_masked_on_device: true }]);
    expect(await locks.users('HALL')).toHaveLength(2);
  });

  it('leave no PIN in plain text behind', () => {
    const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((each) =>
      each.isFile(),
    );
    expect(files.length).toBeGreaterThan(3);
    for (const each of files) {
      const content = readFileSync(join(each.parentPath, each.name), 'latin1');
      for (const pin of ['4821', '7788'])
        expect([each.name, content.includes(`"${pin}"`)]).toEqual([each.name, false]);
    }
  });
});
