import { MINUTE } from '@latchkey/platform';
import { CODE } from '../domain/testing/builders';
import {
  aCodeOnLock,
  aLock,
  anUnmanagedCode,
  caller,
  onCode,
  onKeypad,
  useFeature,
  WORKSPACE,
  works,
} from '../testing';
import { GetUnmanagedAccessCode } from '../views';
import { DeleteUnmanagedAccessCode } from './unmanaged-commands';

const deletion = new DeleteUnmanagedAccessCode(caller(), CODE);
const started = onCode('RemovalStarted', { cause: 'deleted' });
const absent = { kind: 'absent', what: 'access code' } as const;

describe('deleting an unmanaged code', () => {
  const feature = useFeature();

  it('requests its removal', () => feature.given(aLock(), anUnmanagedCode()).when(deletion).then(started));

  it('answers when the views have it', async () => {
    const read = new GetUnmanagedAccessCode(WORKSPACE, { accessCodeId: CODE });
    const shown = await feature.given(aLock(), anUnmanagedCode()).when(deletion, read).then(started);
    expect(shown).toMatchObject({ access_code_id: CODE, is_managed: false });
  });

  it('takes it off its lock, which releases its PIN', async () => {
    await feature
      .given(aLock(), anUnmanagedCode())
      .when(deletion, works)
      .then(started, onCode('RemovalSent', { lockCodeId: `on-lock-${CODE}`, purpose: 'removal' }));
    feature.locks.settle();
    const lateEnough = feature.installation.clock.now() + MINUTE;
    await feature
      .given(({ clock }) => clock.put(lateEnough))
      .when(works)
      .then(onCode('Removed', { cause: 'deleted' }), onKeypad('PinReleased', { codeId: CODE }));
    expect(feature.locks.codesOn('lock-1')).toEqual([]);
  });

  it.each([
    ['is unknown', []],
    ['is ours', aCodeOnLock()],
    ['is gone', [anUnmanagedCode(), onCode('UnmanagedCodeGone')]],
  ])('is refused for one that %s', (_why, given) =>
    feature.given(aLock(), given).when(deletion).thenFails(absent),
  );

  it('is refused for one of another workspace', () =>
    feature
      .given(aLock(), anUnmanagedCode())
      .when(new DeleteUnmanagedAccessCode(caller('request-1', 'workspace-2'), CODE))
      .thenFails(absent));

  it('is refused where it has become managed meanwhile: it was not this that was to be deleted', async () => {
    const theirs = onCode('TakenIntoManagement', { externalModificationAllowed: false });
    await feature
      .given(aLock(), anUnmanagedCode(), feature.meanwhile('accessCode-', theirs))
      .when(deletion)
      .thenFails(absent, theirs);
  });

  it('is decided again on what was read back meanwhile', async () => {
    const theirs = onCode('UnmanagedCodeChanged', {
      content: { name: 'Mallory', pin: '1234', window: null },
    });
    await feature
      .given(aLock(), anUnmanagedCode(), feature.meanwhile('accessCode-', theirs))
      .when(deletion)
      .then(theirs, started);
  });

  it('twice has no further effect', () =>
    feature.given(aLock(), anUnmanagedCode()).when(deletion, deletion).then(started));

  it('is taken up again after a crash', () =>
    feature.given(aLock(), anUnmanagedCode()).when(deletion).thenThroughCrashes(started));
});
