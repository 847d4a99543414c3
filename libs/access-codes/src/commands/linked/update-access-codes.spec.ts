import { HOUR } from '@latchkey/platform';
import { CODE, OTHER, T0 } from '../../domain/testing/builders';
import {
  aCode,
  aDevice,
  aLock,
  caller,
  onCode,
  onKeypad,
  stored,
  useFeature,
  WORKSPACE,
} from '../../testing';
import { ListAccessCodes } from '../../views';
import { UpdateAccessCodes } from './commands';

const BACK = 'device-2';
const stay = { startsAt: T0 + HOUR, endsAt: T0 + 3 * HOUR };
const longer = { startsAt: T0 + HOUR, endsAt: T0 + 5 * HOUR };
const linked = { window: stay, commonCodeKey: 'family' };
const bothDoors = [
  aLock(),
  aDevice({}, BACK),
  aCode(linked),
  aCode({ ...linked, codeId: OTHER, deviceId: BACK }),
];
const update = (wanted: UpdateAccessCodes['wanted'], by = caller()) =>
  new UpdateAccessCodes(by, 'family', wanted);
const renamed = (name: string, codeId = CODE) => onCode('ChangeRequested', { name }, codeId);
const moved = (codeId: string, deviceId: string, window = longer) => [
  onKeypad('PinReserved', { codeId, pin: '1234', window: stored(window) }, deviceId),
  onCode('ChangeRequested', { schedule: stored(window) }, codeId),
];

describe('changing all codes with one key', () => {
  const feature = useFeature();

  it('changes one after the other', () =>
    feature
      .given(bothDoors)
      .when(update({ name: 'Ann' }))
      .then(renamed('Ann'), renamed('Ann', OTHER)));

  it('reserves the window of each first', () =>
    feature
      .given(bothDoors)
      .when(update({ endsAt: longer.endsAt }))
      .then(...moved(CODE, 'device-1'), ...moved(OTHER, BACK)));

  it('answers when the views have all of them', async () => {
    const read = new ListAccessCodes(WORKSPACE, { commonCodeKey: 'family' }, { limit: 10 });
    const shown = await feature
      .given(bothDoors)
      .when(update({ name: 'Ann' }), read)
      .then(renamed('Ann'), renamed('Ann', OTHER));
    expect(shown).toMatchObject({ items: [{ name: 'Ann' }, { name: 'Ann' }] });
  });

  it('leaves others alone', () =>
    feature
      .given(
        bothDoors,
        aCode({ codeId: 'code-3', pin: '7777' }),
        aCode({ codeId: 'code-4', pin: '8888', commonCodeKey: 'others' }),
      )
      .when(update({ name: 'Ann' }))
      .then(renamed('Ann'), renamed('Ann', OTHER)));

  it('passes over one that is being removed', () =>
    feature
      .given(
        ...[bothDoors, onCode('ProgrammingStarted', sent), onCode('RemovalStarted', { cause: 'deleted' })],
      )
      .when(update({ name: 'Ann' }))
      .then(renamed('Ann', OTHER)));

  it.each([
    ['no code has the key', [aLock(), aCode()], caller()],
    ['only another workspace has it', bothDoors, caller('request-1', 'workspace-2')],
  ])('is refused where %s', (_why, given, by) =>
    feature
      .given(given)
      .when(update({ name: 'Ann' }, by))
      .thenFails({ kind: 'absent', what: 'access code' }),
  );

  it('is refused with an end before the start', () =>
    feature
      .given(bothDoors)
      .when(update({ endsAt: T0 }))
      .thenFails({ kind: 'invalid', wrong: { endsAt: expect.anything() } }));

  it('puts back what it has changed where one of them is refused', () =>
    feature
      .given(
        bothDoors,
        onKeypad(
          'PinReserved',
          { codeId: 'code-3', pin: '1234', window: stored({ startsAt: stay.endsAt, endsAt: longer.endsAt }) },
          BACK,
        ),
      )
      .when(update({ name: 'Ann', endsAt: longer.endsAt }))
      .thenFails(
        { kind: 'conflict', why: 'pin-taken', by: 'code-3' },
        onKeypad('PinReserved', { codeId: CODE, window: stored(longer) }),
        onCode('ChangeRequested', { name: 'Ann', schedule: stored(longer) }),
        onKeypad('PinReserved', { codeId: CODE, window: stored(stay) }),
        onCode('ChangeRequested', { name: 'Guest', schedule: stored(stay) }),
      ));

  it('removes the name again from a code that had none, where one of them is refused', async () => {
    await feature
      .given(
        ...[aLock(), aDevice({}, BACK), aCode({ ...linked, name: null })],
        ...[aCode({ ...linked, codeId: OTHER, deviceId: BACK })],
        feature.meanwhile(`accessCode-${OTHER}`, onCode('RemovalStarted', { cause: 'deleted' }, OTHER)),
      )
      .when(update({ name: 'Ann' }))
      .thenFails(
        { kind: 'untimely', why: 'being-removed' },
        renamed('Ann'),
        onCode('RemovalStarted', { cause: 'deleted' }, OTHER),
        onCode('ChangeRequested', { name: null }),
      );
  });

  it('makes a code ongoing again that was so before, where one of them is refused', () =>
    feature
      .given(
        ...[aLock(), aDevice({}, BACK), aCode({ ...linked, window: null })],
        ...[aCode({ ...linked, window: null, codeId: OTHER, deviceId: BACK })],
        feature.meanwhile(`accessCode-${OTHER}`, onCode('RemovalStarted', { cause: 'deleted' }, OTHER)),
      )
      .when(update(stay))
      .thenFails(
        { kind: 'untimely', why: 'being-removed' },
        ...moved(CODE, 'device-1', stay),
        onKeypad('PinReserved', { codeId: OTHER }, BACK),
        onCode('RemovalStarted', { cause: 'deleted' }, OTHER),
        onKeypad('PinReserved', { codeId: CODE, window: null }),
        onCode('ChangeRequested', { schedule: null }),
      ));

  it('puts back the others where one was removed meanwhile', async () => {
    const third = aCode({ ...linked, codeId: 'code-3', deviceId: 'device-3' });
    const gone = onCode('RemovalStarted', { cause: 'deleted' });
    await feature
      .given(
        ...[bothDoors, aDevice({}, 'device-3'), third],
        feature.meanwhile(
          'accessCode-code-3',
          ...[gone, onCode('RemovalStarted', { cause: 'deleted' }, 'code-3')],
        ),
      )
      .when(update({ name: 'Ann' }))
      .thenFails(
        { kind: 'untimely', why: 'being-removed' },
        ...[renamed('Ann'), renamed('Ann', OTHER), gone],
        onCode('RemovalStarted', { cause: 'deleted' }, 'code-3'),
        renamed('Guest', OTHER),
      );
  });

  it('goes on after an outage with what has been changed', async () => {
    await feature.given(bothDoors);
    const before = await feature.countEvents();
    const { store } = feature.process;
    store.before(`accessCode-${OTHER}`, () => Promise.reject(new Error('the store went away')));
    await expect(feature.do(update({ name: 'Ann' }))).rejects.toThrow('away');
    expect(await feature.events(before)).toMatchObject([renamed('Ann')]);
    await feature.when(update({ name: 'Ann' })).then(renamed('Ann', OTHER));
  });

  it('twice has no further effect', () =>
    feature
      .given(bothDoors)
      .when(update({ name: 'Ann' }), update({ name: 'Ann' }))
      .then(renamed('Ann'), renamed('Ann', OTHER)));

  it('is taken up again after a crash', () =>
    feature
      .given(bothDoors)
      .when(update({ endsAt: longer.endsAt }))
      .thenThroughCrashes(...moved(CODE, 'device-1'), ...moved(OTHER, BACK)));
});

const sent = {
  ...{ commandId: 'create-1', operation: 'create', lockCodeId: null, attempt: 1 },
  ...{ content: { name: 'Guest', pin: '1234', window: null }, deadline: '2026-06-01T12:01:00.000Z' },
};
