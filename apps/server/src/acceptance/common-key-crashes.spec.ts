import { CreateAccessCode, CreateAccessCodeHandler } from '@latchkey/access-codes';
import { DAY, HOUR, MINUTE, SeededRandom } from '@latchkey/platform';
import { World } from '../testing/world';

const commonCodeKey = 'family';
let world: World;
let deviceId: string;
let other: string;
beforeEach(async () => {
  world = await World.start({ codesView: true });
  deviceId = await world.deviceNamed('Front Door');
  other = await world.deviceNamed('Garage');
});
afterEach(() => world.stop());

const cause = () => ({
  correlationId: 'a test',
  causationId: 'a test',
  actor: { type: 'api_key' as const },
  workspaceId: world.workspaceId,
});
const linked = (codeId: string) => ({ codeId, workspaceId: world.workspaceId, commonCodeKey });
const members = () => world.core.streams.commonCodes.members(linked(''));
const pinOf = async (codeId: string) => world.vault.open((await world.code(codeId)).wanted.pin);
const reservedFor = async (codeId: string) =>
  (await world.core.streams.reservations(deviceId)).filter((each) => each.codeId === codeId);

/** What a creation does before it asks for the code. */
async function halfCreated(codeId: string, code: string): Promise<void> {
  const { commonCodes } = world.core.streams;
  const pin = await world.vault.sealPin(codeId, code);
  const claim = { codeId, ...pin, window: null, commonCodeId: commonCodes.idOf(linked(codeId)) };
  await world.core.streams.reservePin(deviceId, cause(), claim);
  await commonCodes.join(linked(codeId), pin.pin, cause());
}

describe('a server that dies', () => {
  it('before it has asked for a code binds others no longer than its PIN is reserved', async () => {
    await halfCreated('never-to-come', '4821');
    await world.restart();
    await world.settle();
    // It may still come.
    const second = await world.create({ deviceId: other, commonCodeKey });
    expect(await pinOf(second)).toBe('4821');
    await world.remove(second);
    await expect(world.create({ deviceId: other, commonCodeKey, code: '7350' })).rejects.toThrow(
      'common_code_key',
    );
    await world.advance(10 * MINUTE);
    expect([await members(), await reservedFor('never-to-come')]).toEqual([[], []]);
    const third = await world.create({ deviceId: other, commonCodeKey, code: '7350' });
    expect(await members()).toEqual([third]);
    await world.again();
    expect(await world.code(third)).toMatchObject({ known: { onLock: {} } });
  });

  it('before it has asked for a code leaves what it joined also where another joins before that is looked at', async () => {
    const pin = await world.vault.sealPin('never-to-come', '4821');
    // As long as no reservation tells the agenda of it.
    await world.core.streams.commonCodes.join(linked('never-to-come'), pin.pin, cause());
    await world.advance(10 * MINUTE);
    const id = await world.create({ deviceId, commonCodeKey, code: '7350' });
    expect(await members()).toEqual([id]);
  });

  it('before it has asked for another PIN lets no other code have either until that is sure', async () => {
    const id = await world.create({ deviceId, commonCodeKey, code: '4821' });
    const pin = await world.vault.sealPin(id, '7350');
    await world.core.streams.reservePin(deviceId, cause(), { codeId: id, ...pin, window: null });
    await world.core.streams.commonCodes.join(linked(id), pin.pin, cause());
    await world.restart();
    await world.settle();
    const asks = () => world.create({ deviceId: other, commonCodeKey });
    await expect(asks()).rejects.toThrow('just being given another code');
    // A repeated request for the same change is done at once.
    await world.update(id, { code: '7350' });
    const second = await asks();
    expect([await pinOf(id), await pinOf(second)]).toEqual(['7350', '7350']);
  });

  it('before a code that was deleted has left is nobody the wiser', async () => {
    const id = await world.create({ deviceId, commonCodeKey, code: '4821' });
    await world.advance(MINUTE);
    await world.core.streams.codes.transact(id, cause(), () => [
      { type: 'RemovalStarted', data: { cause: 'deleted' } },
    ]);
    await world.restart();
    const second = await world.create({ deviceId: other, commonCodeKey, code: '7350' });
    await world.advance(10 * MINUTE);
    expect(await members()).toEqual([second]);
  });
});

it('a code that has come to its end leaves', async () => {
  const window = { startsAt: world.now, endsAt: world.now + HOUR };
  const id = await world.create({ deviceId, commonCodeKey, ...window });
  expect(await members()).toEqual([id]);
  await world.advance(DAY);
  expect(await members()).toEqual([]);
});

describe('codes of an earlier version, which had no stream in common', () => {
  /** What that version did. */
  async function create(device: string, code: string): Promise<string> {
    const streams = Object.assign(Object.create(world.core.streams) as typeof world.core.streams, {
      commonCodes: {
        pinsOf: () => Promise.resolve({ others: null, own: null }),
        join: () => Promise.resolve(),
        idOf: () => undefined,
      },
    });
    const clock = { now: () => world.now, at: () => () => undefined };
    const handler = new CreateAccessCodeHandler(streams, world.vault, clock, new SeededRandom(1));
    const caller = { workspaceId: world.workspaceId, actor: { type: 'api_key' as const }, requestId: code };
    const wanted = { deviceId: device, commonCodeKey, code };
    const { accessCodeId } = await handler.execute(new CreateAccessCode(caller, wanted));
    await world.settle();
    return accessCodeId;
  }

  it('bind those that are created now', async () => {
    const before = await create(deviceId, '4821');
    expect(await members()).toEqual([]);
    const now = await world.create({ deviceId: other, commonCodeKey });
    expect(await pinOf(now)).toBe('4821');
    expect((await members()).sort()).toEqual([before, now].sort());
    await expect(world.update(now, { code: '7350' })).rejects.toThrow('common_code_key');
    await world.remove(now);
    await world.update(before, { code: '7350' });
    expect(await pinOf(before)).toBe('7350');
  });

  it('are not given another PIN while there are others', async () => {
    const [one, two] = [await create(deviceId, '4821'), await create(other, '4821')];
    await expect(world.update(one, { code: '7350' })).rejects.toThrow('common_code_key');
    await world.restartWithoutViews();
    await world.remove(two);
    await world.update(one, { code: '7350' });
    expect(await members()).toEqual([one]);
  });
});
