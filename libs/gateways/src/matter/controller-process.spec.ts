import { pinsIn, until, type UntilOptions } from '@latchkey/platform';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer } from '../lock-gateway';
import { ControllerProcess } from './controller-process';
import type { LockNews } from './controller/messages';
import type { MadeLock } from './testing/lock-messages';
import { SimulatedMatterLocks } from './testing/simulated-matter-locks';

describe('the Matter controller', () => {
  let folder: string;
  let locks: SimulatedMatterLocks;
  let controller: ControllerProcess;
  let made: MadeLock;
  let lockId: string;
  const news: LockNews[] = [];
  const logged: string[] = [];
  const start = () =>
    ControllerProcess.start({
      folder: join(folder, 'controller'),
      networkInterface: 'lo',
      limits: { connectMs: 3_000, answerMs: 6_000 },
      onNews: (each) => void news.push(each),
      onLog: (text) => void logged.push(text),
      onEnded: () => undefined,
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'matter-'));
    locks = await SimulatedMatterLocks.start(join(folder, 'locks'));
    made = await locks.make('HALL-1');
    controller = await start();
  });

  afterAll(async () => {
    await controller.close();
    await locks.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('pairs a lock, and tells what it can do', async () => {
    const found = value(
      await controller.call('pair', { pairingCode: made.pairingCode, address: `127.0.0.1:${made.port}` }),
    );
    expect(found).toMatchObject({
      ...{
        name: 'HALL-1',
        model: 'Simulated Lock',
        online: true,
        users: 20,
        schedules: true,
        timeZone: null,
      },
      pinLengths: { shortest: 4, longest: 8 },
    });
    ({ lockId } = found);
    expect(value(await controller.call('locks', {})).locks).toEqual([found]);
  });

  it('pairs a lock by what its QR code says', async () => {
    const other = await locks.make('HALL-2');
    const code = { pairingCode: other.qrCode, address: `127.0.0.1:${other.port}` };
    expect(value(await controller.call('pair', code))).toMatchObject({ name: 'HALL-2' });
  });

  it('knows a lock that it has just paired when it is killed', async () => {
    const other = await locks.make('HALL-3');
    const code = { pairingCode: other.pairingCode, address: `127.0.0.1:${other.port}` };
    const paired = value(await controller.call('pair', code));
    controller.kill();
    controller = await start();
    const known = value(await controller.call('locks', {})).locks.map((each) => each.lockId);
    expect(known).toContain(paired.lockId);
    expect(known).toHaveLength(3);
  });

  it.each([
    ['34970112333', /check digit .* is wrong/],
    ['34970113232', /check digit .* is wrong/],
    ['749701123365521327688', /check digit .* is wrong/],
    ['84970112331', /later version/],
    ['MT:Z.K9042C00KA0648G00', /later version/],
    ['MT:Y.K9042C00KA0648G00*Y.K9042C00KA0648G00', /several devices/],
    ['34915200008', /no lock has/],
  ])('seeks no lock by the code %s, and says what is wrong with it', async (pairingCode, message) => {
    expect(await controller.call('pair', { pairingCode, address: null })).toEqual({
      ...{ kind: 'refused', errorCode: 'INVALID_PAIRING_CODE' },
      message: expect.stringMatching(message) as string,
    });
  });

  it('puts a user with a window on the lock, reads it back, and takes it off', async () => {
    const window = { startsAt: 1_900_000_000, endsAt: 1_900_003_600 };
    const user = { slot: 11, name: 'Guest', pin: '2580', window };
    value(await controller.call('setUser', { lockId, user }));
    expect(value(await controller.call('users', { lockId }))).toEqual([
      { slot: 11, name: 'Guest', enabled: true, hasPin: true, isOurs: true, window },
    ]);
    expect(await locks.opens('HALL-1', '2580', window.startsAt - 1)).toBe(false);
    expect(await locks.opens('HALL-1', '2580', window.startsAt)).toBe(true);
    expect(await locks.opens('HALL-1', '2580', window.endsAt)).toBe(false);
    value(await controller.call('clearUser', { lockId, slot: 11 }));
    expect(value(await controller.call('users', { lockId }))).toEqual([]);
    expect(await locks.opens('HALL-1', '2580', window.startsAt)).toBe(false);
  });

  it('refuses a PIN that is there, a place that is taken, and a user that is not there', async () => {
    const user = { slot: 11, name: null, pin: '2580', window: null };
    value(await controller.call('setUser', { lockId, user }));
    const refused = (errorCode: string) => ({ kind: 'refused', errorCode });
    expect(await controller.call('setUser', { lockId, user })).toMatchObject(refused('SLOT_OCCUPIED'));
    const twice = await controller.call('setUser', { lockId, user: { ...user, slot: 12 } });
    expect(twice).toMatchObject(refused('PIN_CONFLICT'));
    expect(value(await controller.call('users', { lockId })).map(({ slot }) => slot)).toEqual([11]);
    expect(await controller.call('clearUser', { lockId, slot: 12 })).toMatchObject(refused('NOT_FOUND'));
    value(await controller.call('clearUser', { lockId, slot: 11 }));
  });

  it('puts a user into a place where one was left without a PIN, when the lock fell silent', async () => {
    await locks.loseNextAnswer('HALL-1', 'user');
    const user = { slot: 13, name: 'Guest', pin: '3690', window: null };
    expect(await controller.call('setUser', { lockId, user })).toMatchObject({ kind: 'unknown' });
    await locks.setOnline('HALL-1', true);
    await until(async () => (await controller.call('users', { lockId })).kind === 'answered', TAKES_LONG);
    expect(value(await controller.call('users', { lockId }))).toMatchObject([{ slot: 13, hasPin: false }]);
    value(await controller.call('setUser', { lockId, user }));
    expect(value(await controller.call('users', { lockId }))).toMatchObject([{ slot: 13, hasPin: true }]);
    expect(await locks.opens('HALL-1', '3690', 0)).toBe(true);
    value(await controller.call('clearUser', { lockId, slot: 13 }));
  });

  it('knows whose user it is', async () => {
    await locks.putByHand('HALL-1', 3, 'Neighbour', '4711');
    expect(value(await controller.call('users', { lockId }))).toMatchObject([
      { slot: 3, name: 'Neighbour', hasPin: true, isOurs: false, window: null },
    ]);
  });

  it('locks and unlocks, and gets the reports of it', async () => {
    value(await controller.call('operate', { lockId, action: 'unlock' }));
    await until(() => news.some((each) => each.news === 'operated'), TAKES_LONG);
    expect(news).toContainEqual({ news: 'operated', lockId, action: 'unlock', by: 'remote', slot: null });
  });

  it('hears that a lock is jammed, and that somebody is at the lock itself', async () => {
    const isTold = (each: string, times: number) =>
      news.filter((one) => one.news === each && one.lockId === lockId).length === times;
    await locks.alarm('HALL-1', 0);
    await until(() => isTold('jammed', 1), TAKES_LONG);
    await locks.alarm('HALL-1', 5);
    await locks.alarm('HALL-1', 6);
    await until(() => isTold('tampered', 2), TAKES_LONG);
    expect(isTold('jammed', 1)).toBe(true);
  });

  it('says that a lock is offline, does nothing later, and finds it again', async () => {
    await locks.setOnline('HALL-1', false);
    const user = { slot: 12, name: null, pin: '1470', window: null };
    expect(await controller.call('setUser', { lockId, user })).toMatchObject({ errorCode: 'DEVICE_OFFLINE' });
    await locks.setOnline('HALL-1', true);
    await until(async () => (await controller.call('users', { lockId })).kind === 'answered', TAKES_LONG);
    expect(value(await controller.call('users', { lockId })).map(({ slot }) => slot)).toEqual([3]);
  });

  it('knows its locks again after it was killed', async () => {
    const pending = controller.call('users', { lockId });
    controller.kill();
    expect(await pending).toMatchObject({ kind: 'unknown' });
    controller = await start();
    expect(value(await controller.call('locks', {})).locks.map((each) => each.lockId)).toContain(lockId);
    await until(async () => (await controller.call('users', { lockId })).kind === 'answered', TAKES_LONG);
  });

  it('keeps its keys from others, and no PIN anywhere', async () => {
    expect((await stat(join(folder, 'controller'))).mode & 0o777).toBe(0o700);
    expect(pinsIn(logged.join('\n'), '2580', '1470', '4711', '3690')).toEqual([]);
    expect(await readdir(join(folder, 'controller'))).not.toEqual([]);
  });
});

/** The controller and the lock are processes of their own. */
const TAKES_LONG: UntilOptions = { within: 45_000, every: 100 };

function value<T>(answer: Answer<T>): T {
  if (answer.kind !== 'answered') throw new Error(`no answer: ${JSON.stringify(answer)}`);
  return answer.value;
}
