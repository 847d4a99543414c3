import { DeleteAccessCode, DeleteAccessCodeHandler } from '@latchkey/access-codes';
import { HOUR, SECOND, until } from '@latchkey/platform';
import { MONDAY, World } from '../testing/world';

describe('a report that is on its way', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());

  const onLock = async (name: string, endsAt: number) => {
    const id = await world.create({
      ...{ deviceId: await world.deviceNamed(name), code: '4821' },
      ...{ startsAt: MONDAY, endsAt },
    });
    await world.advance(10 * SECOND);
    return id;
  };

  /** A request that nobody waits for. */
  const remove = (id: string) => {
    const clock = { now: () => world.now, at: () => () => undefined };
    const caller = {
      workspaceId: world.workspaceId,
      actor: { type: 'api_key' as const },
      requestId: 'a test',
    };
    const { core } = world;
    return new DeleteAccessCodeHandler(core.streams, core, clock).execute(new DeleteAccessCode(caller, id));
  };

  it('does not hide what a lock does since that has lost its answer', async () => {
    const endsAt = MONDAY + 5 * HOUR;
    await onLock('Front Door', endsAt);
    const lossy = await onLock('Garage', endsAt + HOUR);
    await world.faults(await world.lockNamed('Front Door'), { latency_ms: 0 });
    await world.faults(await world.lockNamed('Garage'), { latency_ms: 1000, lose_answers: 1 });
    world.delayNextReport(async () => {
      const { lockCalls } = world.core;
      await remove(lossy);
      await until(() => world.core.lockCalls === lockCalls + 2);
    });
    await world.advanceTo(endsAt + 10 * SECOND);
    expect((await world.code(lossy)).life).toMatchObject({ phase: 'removed', at: endsAt + SECOND });
  });
});
