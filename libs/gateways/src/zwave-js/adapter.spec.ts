import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DAY, HOUR, MINUTE, pinsIn, SECOND, until } from '@latchkey/platform';
import { WebSocketServer } from 'ws';
import type { LockCode } from '../lock-gateway';
import { ZwaveHouse } from './testing/zwave-house';

jest.setTimeout(120_000);

const [PLAIN, MASKING, DEAF, BIG] = [2, 3, 4, 5];
/** How long (ms) a frame and its acknowledgement take where nothing is in the way. */
const FRAME = 40;
const guest: LockCode = { name: 'Guest', pin: '2580', window: null };
const accepted = (slot: number) => ({ kind: 'accepted', lockCodeId: String(slot) });

describe('Z-Wave locks that do not do as they are told', () => {
  let house: ZwaveHouse;

  beforeAll(async () => {
    house = await ZwaveHouse.start([
      { nodeId: PLAIN, users: 6 },
      { nodeId: MASKING, users: 6, masks: true },
      { nodeId: DEAF, users: 6, schedules: true },
      { nodeId: BIG, users: 40 },
    ]);
  }, 180_000);

  afterAll(() => house.close());

  it('mask their PINs: what is there is told, its digits are not', async () => {
    const lock = house.ref(MASKING);
    expect(await house.adapter.program(lock, { ...guest, slot: 3 })).toEqual(accepted(3));
    expect(await house.listed(lock)).toMatchObject([{ lockCodeId: '3', pin: null, status: 'active' }]);
    const change = { ...guest, pin: '1470' };
    expect(await house.adapter.change(lock, '3', change)).toEqual(accepted(3));
    expect(await house.lock(lock).codes()).toEqual({ 3: '1470' });
    expect(await house.adapter.program(lock, { ...guest, slot: 3 })).toMatchObject({
      errorCode: 'SLOT_OCCUPIED',
    });
  });

  it('hold a foreign code in the place that was meant: it is left alone', async () => {
    const lock = house.ref(PLAIN);
    await house.lock(lock).putByHand(5, '9999');
    const meant = { ...guest, slot: 5 };
    expect(await house.adapter.program(lock, meant)).toMatchObject({ errorCode: 'SLOT_OCCUPIED' });
    expect(await house.lock(lock).codes()).toEqual({ 5: '9999' });
    await house.lock(lock).reset();
  });

  it('do nothing twice when they are told the same again', async () => {
    const lock = house.ref(PLAIN);
    expect(await house.adapter.program(lock, { ...guest, slot: 1 })).toEqual(accepted(1));
    const writes = await house.lock(lock).writes();
    expect(await house.adapter.program(lock, { ...guest, slot: 1 })).toEqual(accepted(1));
    expect(await house.lock(lock).writes()).toBe(writes);
  });

  it('take a time frame and do not hold it: the code is taken off again, and the lock counts as unable', async () => {
    const lock = house.ref(DEAF);
    await house.lock(lock).forgetSchedules();
    const startsAt = house.now + HOUR;
    const window = { startsAt, endsAt: startsAt + HOUR };
    expect((await house.described(lock))?.capabilities.nativeScheduling).toBe(true);
    expect(await house.adapter.program(lock, { ...guest, window })).toMatchObject({
      errorCode: 'SCHEDULE_IGNORED',
    });
    expect(await house.lock(lock).codes()).toEqual({});
    expect((await house.described(lock))?.capabilities.nativeScheduling).toBe(false);
    expect(await house.adapter.program(lock, guest)).toMatchObject({ kind: 'accepted' });
  });

  it('cost no radio when they are quiet, but for once a day', async () => {
    const lock = house.ref(PLAIN);
    await house.listed(lock);
    const before = await house.lock(lock).frames();
    for (let times = 0; times < 5; times++) await house.listed(lock);
    expect(await house.lock(lock).frames()).toBe(before);
    house.now += DAY;
    await house.listed(lock);
    expect(await house.lock(lock).frames()).toBeGreaterThan(before);
  });

  it('are read on while their account is connected once more by the same way', async () => {
    const lock = house.ref(PLAIN);
    house.now += DAY;
    const listing = house.adapter.list(lock);
    await house.adapter.open(house.account);
    expect(await listing).toMatchObject({ kind: 'answered' });
    expect(house.reports.filter(({ kind }) => kind === 'system-lost')).toEqual([]);
  });

  it('have thirty codes for one day within ten seconds', async () => {
    const lock = house.ref(BIG);
    const frames = await house.lock(lock).frames();
    const begun = Date.now();
    for (let n = 1; n <= 30; n++) {
      const code = { ...guest, pin: String(3000 + n), slot: n };
      expect(await house.adapter.program(lock, code)).toEqual(accepted(n));
    }
    expect(Object.keys(await house.lock(lock).codes())).toHaveLength(30);
    expect(Date.now() - begun).toBeLessThan(10 * SECOND);
    expect(((await house.lock(lock).frames()) - frames) * FRAME).toBeLessThan(10 * SECOND);
  });

  it('are dead, and cost no other lock anything', async () => {
    const [dead, well] = [house.ref(DEAF), house.ref(PLAIN)];
    // What lies where is known: the first that the lock would hear of is the code.
    await house.listed(dead);
    await house.lock(dead).setDead(true);
    const lost = house.adapter.program(dead, { ...guest, pin: '8520', slot: 2 });
    const begun = Date.now();
    expect(await house.adapter.program(well, { ...guest, pin: '1470', slot: 2 })).toEqual(accepted(2));
    // The stick has one radio: it tries the dead one for three seconds first.
    expect(Date.now() - begun).toBeLessThan(6 * SECOND);
    // It was sent: whether the lock heard it nobody knows.
    expect(await lost).toMatchObject({ kind: 'unknown' });
    await until(() => house.reports.some((r) => r.kind === 'offline' && r.lockId === dead.lockId));
    expect(await house.adapter.program(dead, guest)).toMatchObject({ errorCode: 'DEVICE_OFFLINE' });
    expect(await house.described(dead)).toMatchObject({ online: false });
    await house.lock(dead).heal();
    // It is not asked again at once.
    house.now += MINUTE;
    await until(async () => (await house.described(dead))?.online === true);
    const isBack = () => house.reports.some((r) => r.kind === 'online' && r.lockId === dead.lockId);
    await until(isBack);
    expect(isBack()).toBe(true);
  });

  it('tell of their doors: who came in, what jams, what is low, and who is at the lock itself', async () => {
    const lock = house.ref(PLAIN);
    await house.listed(lock);
    const from = house.reports.length;
    // Where a cover was off the lock is read back, too.
    const news = () => house.reports.slice(from).filter(({ kind }) => kind !== 'code-outcome');
    const told = [[6, 2], [11], [11, null, 8], [4, null, 7], [3, null, 7], [9, null, 7]] as const;
    for (const [event, userId, type] of told) {
      const before = news().length;
      await house.lock(lock).notify(event, userId, type);
      await until(() => news().length > before);
    }
    const { lockId } = lock;
    expect(news()).toMatchObject([
      { kind: 'code-used', lockId, lockCodeId: '2' },
      { kind: 'jammed', lockId },
      { kind: 'low-battery', lockId },
      { kind: 'incorrect-attempt', lockId },
      { kind: 'tampered', lockId },
      { kind: 'tampered', lockId },
    ]);
    expect(house.reports.slice(from).filter(({ kind }) => kind === 'code-outcome')).toHaveLength(2);
  });

  it('are out with their hub, which is told once, and are read again when it is back', async () => {
    const lock = house.ref(PLAIN);
    const from = house.reports.length;
    await house.network.stopServer();
    await until(() => house.reports.length > from);
    expect(await house.adapter.program(lock, guest)).toMatchObject({ kind: 'unreachable' });
    expect(await house.adapter.locks(house.account)).toMatchObject({ kind: 'unreachable' });
    await house.lock(lock).putByHand(6, '4567');
    await house.network.startAgain();
    await until(() => house.reports.some(({ kind }) => kind === 'system-back'), { within: 60_000 });
    expect(house.reports.slice(from).filter(({ kind }) => kind === 'system-lost')).toHaveLength(1);
    expect(await house.listed(lock)).toContainEqual(
      expect.objectContaining({ lockCodeId: '6', pin: '4567' }),
    );
  });

  it('are known by the network that they are in: another one at the same address is not theirs', async () => {
    const { accountId } = house.account;
    const connection = (await house.connections.get(accountId))!;
    const other = JSON.stringify({ homeId: '00000001', locks: {} });
    await house.connections.put(accountId, { ...connection, kept: other });
    const adapter = house.newAdapter();
    expect(await adapter.locks(house.account)).toMatchObject({
      kind: 'unreachable',
      message: 'another Z-Wave network answers there.',
    });
    await adapter.close();
    await house.connections.put(accountId, connection);
  });

  it('leave none of their PINs in what the adapter says', () => {
    expect(pinsIn(house.logged.join('\n'), '2580', '1470', '8520', '4567', '30\\d\\d')).toEqual([]);
  });
});

describe('what is no Z-Wave JS server, or not one for us', () => {
  let server: Server;
  let house: Pick<ZwaveHouse, 'adapter' | 'system'>;
  let greeting: string;

  beforeAll(async () => {
    server = createServer();
    new WebSocketServer({ server }).on('connection', (socket) => socket.send(greeting));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    house = ZwaveHouse.alone();
  });

  afterAll(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));

  const check = (port: number) => house.adapter.check(house.system(), { address: `ws://127.0.0.1:${port}` });
  const version = (minSchemaVersion: number, maxSchemaVersion: number) =>
    JSON.stringify({
      type: 'version',
      homeId: 1,
      serverVersion: '1.40.0',
      minSchemaVersion,
      maxSchemaVersion,
    });

  it.each([
    ['too old', version(0, 44), { kind: 'refused', message: /1\.40\.0 is too old: update Z-Wave JS \(UI\)/ }],
    ['too new', version(60, 70), { kind: 'refused', message: /update Latchkey/ }],
    ['something else', '{"hello":1}', { kind: 'unreachable', message: /not a Z-Wave JS server/ }],
    ['no JSON', 'hello', { kind: 'unreachable', message: /not a Z-Wave JS server/ }],
  ])('is told in one line: %s', async (_what, says, { kind, message }) => {
    greeting = says;
    const answer = await check((server.address() as AddressInfo).port);
    expect(answer).toEqual(
      expect.objectContaining({ kind, message: expect.stringMatching(message) as string }),
    );
  });

  it.each(['hub', '', 'http://10.0.0.7', 'ws://hub.example.com'])(
    'is not even tried at an address that can not be right: %s',
    async (address) => {
      const answer = await house.adapter.check(house.system(), { address });
      expect(answer).toMatchObject({ kind: 'refused', errorCode: 'BAD_ADDRESS' });
    },
  );

  it('is told where nothing answers', async () => {
    expect(await check(9)).toMatchObject({ kind: 'unreachable' });
  });
});
