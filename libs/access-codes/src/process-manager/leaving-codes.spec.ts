import { iso, MINUTE } from '@latchkey/platform';
import { type RecordedEvent, systemCause } from '@latchkey/event-sourcing';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import { DeleteAccessCode, UpdateAccessCode } from '../commands/commands';
import { ConvertToManaged, DeleteUnmanagedAccessCode } from '../commands/unmanaged-commands';
import { GetAccessCode, GetUnmanagedAccessCode, ListAccessCodes, ListUnmanagedAccessCodes } from '../views';
import {
  aCode,
  aCodeOnLock,
  aDevice,
  aLock,
  anUnmanagedCode,
  caller,
  DEVICE,
  type Feature,
  type FeatureProcess,
  lockCodeIdOf,
  onCode,
  onDevice,
  onKeypad,
  useFeature,
  works,
  WORKSPACE,
} from '../testing';

const cause = systemCause({ workspaceId: WORKSPACE, correlationId: DEVICE, causationId: 'test' });
const abandoned = (process: FeatureProcess) => process.leavingCodes.abandon(DEVICE, cause);
const letGo = (process: FeatureProcess) => process.leavingCodes.letGo(DEVICE, cause);
const deleted = (codeId = CODE) => onCode('RemovalStarted', { cause: 'deleted' }, codeId);
const left = (codeId = CODE, wasOnDevice = true) =>
  onCode('Removed', { cause: 'deleted', wasOnDevice, leftOnLock: true }, codeId);
const elsewhere = [aDevice({}, 'device-2'), aCode({ codeId: 'elsewhere', deviceId: 'device-2' })];

async function lastOf({ process }: Feature, stream: string): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of process.store.readBackwards(stream, 1)) events.push(event);
  return events;
}

describe('the codes on a device that is deleted here', () => {
  const feature = useFeature();

  it('go with it, and stay on the lock', async () => {
    await feature
      .given(aLock(), aCodeOnLock(), aCode({ codeId: OTHER, pin: '4321' }), elsewhere)
      .when(abandoned)
      .then(deleted(), left(), deleted(OTHER), left(OTHER, false));
    expect(feature.locks.opens('lock-1', '1234')).toBe(true);
    expect(feature.locks.calls).toEqual([]);
  });

  it('that were unmanaged are gone', () =>
    feature.given(aLock(), anUnmanagedCode()).when(abandoned).then(onCode('UnmanagedCodeGone')));

  it('that were being removed already are not recorded so again', () =>
    feature.given(aLock(), aCodeOnLock(), deleted()).when(abandoned).then(left()));

  it('go once', () =>
    feature.given(aLock(), aCodeOnLock()).when(abandoned, abandoned).then(deleted(), left()));

  it('are ended after a crash as well', () =>
    feature
      .given(aLock(), aCodeOnLock(), aCode({ codeId: OTHER, pin: '4321' }))
      .when(abandoned)
      .thenThroughCrashes(deleted(), left(), deleted(OTHER), left(OTHER, false)));

  it('are waited for by the caller, including the last one', async () => {
    const position = await feature
      .given(aLock(), aCodeOnLock(), aCode({ codeId: OTHER, pin: '4321' }))
      .when(abandoned)
      .then(deleted(), left(), deleted(OTHER), left(OTHER, false));
    expect(position).toEqual(await feature.endOf(`accessCode-${OTHER}`));
  });
});

describe('the codes that a device still has when it was deleted', () => {
  const feature = useFeature();
  const isLookedAt = (process: FeatureProcess) => process.deviceWatch.device(DEVICE);
  const isDeleted = onDevice('DeviceDeleted', { intake: 1 });
  const free = (codeId = CODE) => onKeypad('PinReleased', { codeId, pinFingerprint: null });
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => aCode({ codeId: `many-${n}`, pin: String(1000 + n) }));
  const goneOf = async () => (await feature.events()).filter(({ type }) => type === 'Removed').length;

  it('are removed when the device is due, and leave neither a PIN nor a row behind', async () => {
    const next = await feature
      .given(aLock(), aCodeOnLock(), elsewhere, isDeleted)
      .when(isLookedAt)
      .then(deleted(), left(), free());
    expect(next).toBeNull();
    expect(await feature.process.rows.codesOf(DEVICE)).toEqual([]);
    expect(await feature.process.rows.codesOf('device-2')).toEqual(['elsewhere']);
    expect(feature.locks.opens('lock-1', '1234')).toBe(true);
  });

  it('are ended after a crash as well', () =>
    feature
      .given(aLock(), aCodeOnLock(), isDeleted)
      .when(isLookedAt)
      .thenThroughCrashes(deleted(), left(), free()));

  it('are ended some hundred at a time, with a turn for others in between', async () => {
    await feature.given(aLock(), ...many(520), isDeleted);
    expect(await feature.do(isLookedAt)).toBe(T0);
    expect(await goneOf()).toBe(500);
    expect(await feature.do(isLookedAt)).toBeNull();
    expect(await goneOf()).toBe(520);
    expect(await feature.process.streams.reservations(DEVICE)).toEqual([]);
  });

  it('are ended without a request, with the cause of the deletion of the device', async () => {
    await feature.given(aLock(), aCodeOnLock(), isDeleted).when(works).then(deleted(), left(), free());
    const [deletion] = await lastOf(feature, `device-${DEVICE}`);
    const [removal] = await lastOf(feature, `accessCode-${CODE}`);
    expect(removal!.metadata).toMatchObject({
      $correlationId: deletion!.metadata.$correlationId,
      $causationId: deletion!.id,
    });
  });

  it('are gone for the caller, before each one is recorded as gone', async () => {
    await feature.given(aLock(), aCodeOnLock(), anUnmanagedCode({ codeId: OTHER, pin: '4321' }));
    const page = { limit: 10 };
    const lists = [
      new ListAccessCodes(WORKSPACE, {}, page),
      new ListAccessCodes(WORKSPACE, { search: 'guest' }, page),
      new ListUnmanagedAccessCodes(WORKSPACE, { deviceId: DEVICE }, page),
    ] as const;
    const listed = () =>
      Promise.all(lists.map(async (list) => (await feature.process.queries.execute(list)).items));
    expect(await listed()).toMatchObject([[{}], [{}], [{}]]);
    await feature.given(isDeleted);
    expect(await listed()).toEqual([[], [], []]);
    const own = caller();
    for (const asked of [
      new GetAccessCode(WORKSPACE, { accessCodeId: CODE }),
      new GetUnmanagedAccessCode(WORKSPACE, { accessCodeId: OTHER }),
      new UpdateAccessCode(own, CODE, { name: 'Ann' }),
      new DeleteAccessCode(own, CODE),
      new DeleteUnmanagedAccessCode(own, OTHER),
      new ConvertToManaged(own, OTHER, false),
    ])
      await feature.when(asked).thenFails({ kind: 'absent' });
  });

  it('do not hide those that are listed after them', async () => {
    await feature.given(aLock(), ...many(30), elsewhere, isDeleted);
    const { items, pagination } = await feature.process.queries.execute(
      new ListAccessCodes(WORKSPACE, {}, { limit: 5 }),
    );
    expect(items.map(({ access_code_id }) => access_code_id)).toEqual(['elsewhere']);
    expect(pagination.has_next_page).toBe(false);
  });
});

describe('a code that has come to its end and stays readable', () => {
  const feature = useFeature({ expiredCodes: 'readable' });

  it.each([
    ['was deleted', 'DeviceDeleted', { intake: 1 }],
    ['is not managed any more', 'DeviceConvertedToUnmanaged', {}],
  ])('stays so when its device %s', async (_what, type, data) => {
    const window = { startsAt: T0 - 2 * MINUTE, endsAt: T0 - MINUTE };
    await feature.given(
      ...[aLock(), aCode({ window })],
      onCode('RemovalStarted', { cause: 'expired' }),
      onCode('Removed', { cause: 'expired', wasOnDevice: true }),
      onDevice(type, data),
    );
    const read = new GetAccessCode(WORKSPACE, { accessCodeId: CODE });
    expect(await feature.do(read)).toMatchObject({ access_code_id: CODE });
    const list = new ListAccessCodes(WORKSPACE, {}, { limit: 10 });
    expect(await feature.do(list)).toMatchObject({ items: [{ access_code_id: CODE }] });
  });
});

describe('the codes on a device that is no longer managed', () => {
  const feature = useFeature();

  it('become unmanaged where the lock has them; the others are deleted', () =>
    feature
      .given(aLock(), aCodeOnLock(), aCode({ codeId: OTHER, pin: '4321' }), elsewhere)
      .when(letGo)
      .then(onCode('LetGo'), deleted(OTHER), left(OTHER, false)));

  it('are waited for while something is under way', () =>
    feature
      .given(
        ...[aLock(), aCodeOnLock()],
        onCode('ProgrammingStarted', {
          ...{ commandId: 'c', operation: 'change', lockCodeId: lockCodeIdOf(CODE), attempt: 1 },
          ...{ content: { name: 'Ann', pin: '1234', window: null }, deadline: iso(T0 + MINUTE) },
        }),
      )
      .when(letGo)
      .then());

  it('stay as they are where they were unmanaged, or are being removed', () =>
    feature
      .given(aLock(), anUnmanagedCode(), aCodeOnLock({ codeId: OTHER, pin: '4321' }), deleted(OTHER))
      .when(letGo)
      .then());

  it('become unmanaged once, and after a crash as well', () =>
    feature
      .given(aLock(), aCodeOnLock(), aCode({ codeId: OTHER, pin: '4321' }))
      .when(letGo, letGo)
      .thenThroughCrashes(onCode('LetGo'), deleted(OTHER), left(OTHER, false)));
});
