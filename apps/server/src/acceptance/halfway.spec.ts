import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import {
  ConvertToManaged,
  ConvertToManagedHandler,
  DeleteUnmanagedAccessCode,
  DeleteUnmanagedAccessCodeHandler,
  PullBackupAccessCode,
  PullBackupAccessCodeHandler,
  pulledBackupOf,
  standsInFor,
} from '@latchkey/access-codes';
import { type SimulatedLock, World } from '../testing/world';

let world: World;
let lock: SimulatedLock;
let deviceId: string;
beforeEach(async () => {
  world = await World.start();
  lock = await world.lockNamed('Front Door');
  deviceId = await world.deviceOf(lock);
});
afterEach(() => world.stop());

const caller = () => ({
  workspaceId: world.workspaceId,
  actor: { type: 'api_key' as const },
  requestId: crypto.randomUUID(),
});
const cause = () => ({
  correlationId: 'a test',
  causationId: 'a test',
  actor: { type: 'api_key' as const },
  workspaceId: world.workspaceId,
});
const clock = { now: () => world.now, at: () => () => undefined };

/** Somebody puts a code on the lock, and it is found there. @returns our id of it */
async function foundOnLock(name: string, code: string): Promise<string> {
  await world.simulate('POST', `/simulator/locks/${lock.lock_id}/codes`, { name, code });
  await world.core.rows.makeDue(`device:${deviceId}`);
  world.core.executor.wake();
  await world.settle();
  const held = (await world.lockNamed('Front Door')).codes.find((one) => one.code === code)!;
  return (await world.core.rows.lockCodes(deviceId)).get(held.access_code_id)!;
}

const names = async () => (await world.lockNamed('Front Door')).codes.map(({ name }) => name);
const reservations = () => world.core.streams.reservations(deviceId);
const eventsOf = async (id: string) =>
  (await world.allEvents()).filter((event) => event.startsWith(`accessCode-${id}`)).length;

describe('a server that dies halfway', () => {
  it('through a reading sees each code once', async () => {
    const id = await foundOnLock('Owner', '4821');
    for (let time = 0; time < 3; time++) {
      await world.restart();
      await world.again();
    }
    expect(await world.story(id)).toEqual(['UnmanagedCodeSeen']);
    expect((await world.allEvents()).filter((event) => event.endsWith('UnmanagedCodeSeen'))).toHaveLength(1);
    expect(await reservations()).toMatchObject([{ codeId: id, foreign: true }]);
  });

  it('through a conversion leaves the code as it was, and its PIN free for others', async () => {
    const id = await foundOnLock('Owner', '4821');
    const {
      wanted: { pin, pinFingerprint },
    } = await world.code(id);
    // What a conversion does first.
    await world.core.streams.reservePin(deviceId, cause(), { codeId: id, pin, pinFingerprint, window: null });
    await world.restart();
    await world.settle();
    expect((await reservations())[0]?.foreign).toBeUndefined();
    await world.advance(10 * MINUTE);
    expect(await world.code(id)).toMatchObject({ life: { phase: 'unmanaged' } });
    expect(await reservations()).toMatchObject([{ codeId: id, foreign: true }]);

    const { streams } = world.core;
    await new ConvertToManagedHandler(streams, world.core, world.vault).execute(
      new ConvertToManaged(caller(), id, false),
    );
    await world.settle();
    await world.restart();
    await world.again();
    expect(await world.code(id)).toMatchObject({ life: { phase: 'managed' }, wanted: { name: 'Owner' } });
    expect(await world.story(id)).toEqual(['UnmanagedCodeSeen', 'TakenIntoManagement']);
  });

  it('through letting go of a code reserves its PIN for it no longer', async () => {
    const id = await world.create({ deviceId, name: 'Guest', code: '4821' });
    await world.advance(MINUTE);
    // What letting go does first.
    await world.core.streams.codes.transact(id, cause(), () => [{ type: 'LetGo', data: {} }]);
    await world.restart();
    await world.advance(10 * MINUTE);
    expect(await reservations()).toMatchObject([{ codeId: id, foreign: true }]);
    expect(await names()).toEqual(['Guest']);
    await world.again();
    expect((await world.story(id)).at(-1)).toBe('LetGo');
  });

  it.each(['before', 'after'] as const)(
    '%s a removal takes the unmanaged code off in the end',
    async (when) => {
      const id = await foundOnLock('Owner', '4821');
      const other = await foundOnLock('Neighbour', '7350');
      world.crashAtNextCall(when);
      const { streams } = world.core;
      await new DeleteUnmanagedAccessCodeHandler(streams, world.core).execute(
        new DeleteUnmanagedAccessCode(caller(), id),
      );
      await world.advance(10 * MINUTE);
      expect(await names()).toEqual(['Neighbour']);
      expect((await world.story(id)).filter((type) => type === 'Removed')).toHaveLength(1);
      expect(await reservations()).toMatchObject([{ codeId: other }]);
      const before = await eventsOf(id);
      await world.again();
      expect(await eventsOf(id)).toBe(before);
      expect(await world.story(other)).toEqual(['UnmanagedCodeSeen']);
    },
  );

  describe('with backup codes', () => {
    const pull = (id: string) => {
      const { streams, backups } = world.core;
      return new PullBackupAccessCodeHandler(streams, world.core, clock, backups).execute(
        new PullBackupAccessCode(caller(), id),
      );
    };
    const guest = () =>
      world.create({
        ...{ deviceId, name: 'Guest', code: '4821', usesBackupPool: true },
        ...{ startsAt: world.now, endsAt: world.now + DAY },
      });
    const pool = () => world.core.backups.codes(deviceId);

    it.each(['before', 'after'] as const)(
      '%s the lock hears of one fills the pool all the same',
      async (when) => {
        world.crashAtNextCall(when);
        await guest();
        await world.advance(10 * MINUTE);
        expect((await names()).sort()).toEqual(['Backup 1', 'Backup 2', 'Guest']);
        await world.restart();
        await world.again();
        expect(await pool()).toHaveLength(2);
        expect(await reservations()).toHaveLength(3);
      },
    );

    it('has given one away, and nobody was told, tells who it is for', async () => {
      const id = await guest();
      await world.advance(MINUTE);
      const [backup] = await pool();
      const endsAt = new Date(world.now + DAY).toISOString();
      // What pulling does first.
      await world.core.streams.codes.transact(backup!.codeId, cause(), (_, now) => [
        {
          type: 'BackupAssigned',
          data: { forCodeId: id, schedule: { startsAt: new Date(now).toISOString(), endsAt } },
        },
      ]);
      await world.restart();
      // A repeated request, before or after the server has dealt with it, gets the same one.
      expect(await pull(id)).toEqual({ backupAccessCodeId: backup!.codeId });
      await world.advance(MINUTE);
      expect(await pull(id)).toEqual({ backupAccessCodeId: backup!.codeId });
      expect((await world.story(id)).filter((type) => type === 'BackupPulled')).toHaveLength(1);
      const types = await world.story(backup!.codeId);
      expect(types.filter((type) => type.startsWith('Backup'))).toEqual([
        'BackupAssigned',
        'BackupHandedOver',
      ]);
      expect(await pool()).toHaveLength(3);
      expect((await names()).sort()).toEqual(['Backup 1', 'Backup 2', 'Backup 3', 'Guest']);
    });

    it('has given one away, tells without being asked', async () => {
      const id = await guest();
      await world.advance(MINUTE);
      const [backup] = await pool();
      const { startsAt, endsAt } = { startsAt: world.now, endsAt: world.now + HOUR };
      const schedule = { startsAt: new Date(startsAt).toISOString(), endsAt: new Date(endsAt).toISOString() };
      await world.core.streams.codes.transact(backup!.codeId, cause(), () => [
        { type: 'BackupAssigned', data: { forCodeId: id, schedule } },
      ]);
      await world.restart();
      await world.settle();
      expect(pulledBackupOf(await world.code(id))).toMatchObject({ codeId: backup!.codeId });
      await world.advanceTo(endsAt + MINUTE);
      expect((await names()).sort()).toEqual(['Backup 2', 'Backup 3', 'Guest']);
    });

    it('has given two away to one code keeps the first, and takes the other off the lock', async () => {
      const id = await guest();
      await world.advance(MINUTE);
      const schedule = {
        startsAt: new Date(world.now).toISOString(),
        endsAt: new Date(world.now + DAY).toISOString(),
      };
      // What two that pull at once do first.
      for (const { codeId } of await pool()) {
        await world.core.streams.codes.transact(codeId, cause(), () => [
          { type: 'BackupAssigned', data: { forCodeId: id, schedule } },
        ]);
      }
      await world.restart();
      await world.advance(10 * MINUTE);
      const { backupAccessCodeId } = await pull(id);
      const all = await pool();
      expect(all.filter((code) => standsInFor(code) === id).map(({ codeId }) => codeId)).toEqual([
        backupAccessCodeId,
      ]);
      expect(await names()).toHaveLength(4);
      expect(await reservations()).toHaveLength(4);
    });

    it('has given one away in the place of another that is gone, tells of it', async () => {
      const id = await guest();
      await world.advance(MINUTE);
      const { backupAccessCodeId: first } = await pull(id);
      await world.advance(MINUTE);
      await world.remove(first);
      const [second] = await pool();
      const { startsAt, endsAt } = { startsAt: world.now, endsAt: world.now + HOUR };
      const schedule = { startsAt: new Date(startsAt).toISOString(), endsAt: new Date(endsAt).toISOString() };
      await world.core.streams.codes.transact(second!.codeId, cause(), () => [
        { type: 'BackupAssigned', data: { forCodeId: id, schedule } },
      ]);
      await world.restart();
      await world.advance(MINUTE);
      expect(pulledBackupOf(await world.code(id))).toMatchObject({ codeId: second!.codeId });
    });

    it('gives one code away once, however many ask', async () => {
      const id = await guest();
      await world.advance(MINUTE);
      const pulls = await Promise.all([pull(id), pull(id), pull(id)]);
      expect(new Set(pulls.map(({ backupAccessCodeId }) => backupAccessCodeId)).size).toBe(1);
      await world.advance(MINUTE);
      expect((await world.story(id)).filter((type) => type === 'BackupPulled')).toHaveLength(1);
      expect((await names()).sort()).toEqual(['Backup 1', 'Backup 2', 'Backup 3', 'Guest']);
    });
  });
});

it('a conversion begins again where somebody has changed the PIN meanwhile', async () => {
  const id = await foundOnLock('Owner', '4821');
  const { streams } = world.core;
  const {
    known: { onLock },
  } = await world.code(id);
  const content = { name: 'Owner', pin: onLock!.pin, pinFingerprint: 'another', window: null };
  let changed = false;
  // The read-back that tells of it comes right after the PIN was reserved.
  const reservePin: typeof streams.reservePin = async (...asked) => {
    await streams.reservePin(...asked);
    if (changed) return;
    changed = true;
    await streams.codes.transact(id, cause(), () => [{ type: 'UnmanagedCodeChanged', data: { content } }]);
  };
  const overtaken = Object.assign(Object.create(streams) as typeof streams, { reservePin });
  await new ConvertToManagedHandler(overtaken, world.core, world.vault).execute(
    new ConvertToManaged(caller(), id, true),
  );
  expect(await world.code(id)).toMatchObject({
    life: { phase: 'managed' },
    wanted: { pinFingerprint: 'another' },
  });
  const [mine] = (await reservations()).filter(({ pinFingerprint }) => pinFingerprint === 'another');
  expect(mine).toMatchObject({ codeId: id });
  expect(mine?.foreign).toBeUndefined();
});
