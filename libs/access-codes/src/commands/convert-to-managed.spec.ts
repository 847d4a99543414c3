import { HOUR, MINUTE } from '@latchkey/platform';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aLock,
  anUnmanagedCode,
  caller,
  itIs,
  onCode,
  onKeypad,
  stored,
  useFeature,
  WORKSPACE,
  works,
} from '../testing';
import { GetAccessCode } from '../views';
import { ConvertToManaged } from './unmanaged-commands';

const stay = { startsAt: T0 + HOUR, endsAt: T0 + 3 * HOUR };
const convert = (by = caller()) => new ConvertToManaged(by, CODE, true);
const ours = (pin = '1234', window: typeof stay | null = null) =>
  onKeypad('PinReserved', { codeId: CODE, pin, window: stored(window) });
const taken = onCode('TakenIntoManagement', { externalModificationAllowed: true });
const removal = onCode('RemovalStarted', { cause: 'deleted' });
const changedTo = (pin: string, name = 'Neighbour') =>
  onCode('UnmanagedCodeChanged', { content: { name, pin, window: null } });

describe('taking an unmanaged code into management', () => {
  const feature = useFeature();

  it('reserves its PIN as a managed one first', async () => {
    await feature
      .given(aLock(), anUnmanagedCode({ window: stay }))
      .when(convert())
      .then(ours('1234', stay), taken);
    expect((await feature.events()).at(-2)!.data).not.toHaveProperty('foreign');
  });

  it('answers when the views have it', async () => {
    const read = new GetAccessCode(WORKSPACE, { accessCodeId: CODE });
    const shown = await feature.given(aLock(), anUnmanagedCode()).when(convert(), read).then(ours(), taken);
    expect(shown).toMatchObject({ name: 'Neighbour', code: '1234', is_managed: true });
  });

  it.each([
    ['is unknown', []],
    ['is managed already', aCodeOnLock()],
    ['is gone', [anUnmanagedCode(), onCode('UnmanagedCodeGone')]],
  ])('is refused for one that %s', (_why, given) =>
    feature.given(aLock(), given).when(convert()).thenFails({ kind: 'absent', what: 'access code' }),
  );

  it('is refused for one of another workspace', () =>
    feature
      .given(aLock(), anUnmanagedCode())
      .when(convert(caller('request-1', 'workspace-2')))
      .thenFails({ kind: 'absent', what: 'access code' }));

  it('is refused for one that is being removed', () =>
    feature
      .given(aLock(), anUnmanagedCode(), removal)
      .when(convert())
      .thenFails({ kind: 'untimely', why: 'being-removed' }));

  it('is refused for one whose digits its lock does not show', () =>
    feature
      .given(aLock(), anUnmanagedCode({ pin: '' }))
      .when(convert())
      .thenFails({ kind: 'untimely', why: 'pin-not-readable' }));

  it('is refused while a managed code has the PIN, which is recorded once', async () => {
    const conflict = { kind: 'conflict', why: 'pin-taken', by: OTHER } as const;
    await feature
      .given(aLock(), aCode({ codeId: OTHER }), anUnmanagedCode())
      .when(convert())
      .thenFails(conflict, onCode('ConversionRefused', { byCodeId: OTHER }));
    await feature.when(convert()).thenFails(conflict);
  });

  it('twice is refused the second time, since it is managed by then, and changes nothing', async () => {
    await feature.given(aLock(), anUnmanagedCode()).when(convert()).then(ours(), taken);
    await feature.when(convert()).thenFails({ kind: 'absent' });
  });

  it('begins again where somebody gives it another PIN meanwhile', async () => {
    const theirs = changedTo('4321');
    await feature
      .given(aLock(), anUnmanagedCode(), feature.meanwhile('accessCode-', theirs))
      .when(convert())
      .then(ours(), theirs, ours('4321'), taken);
  });

  it('goes on where somebody renames it meanwhile', async () => {
    const theirs = changedTo('1234', 'Mallory');
    await feature
      .given(aLock(), anUnmanagedCode(), feature.meanwhile('accessCode-', theirs))
      .when(convert())
      .then(ours(), theirs, taken);
  });

  it('is done where another process does it meanwhile', async () => {
    await feature
      .given(aLock(), anUnmanagedCode(), feature.meanwhile('accessCode-', taken))
      .when(convert())
      .then(ours(), taken);
  });

  it('is refused where somebody takes it off the lock meanwhile', async () => {
    const theirs = onCode('UnmanagedCodeGone');
    await feature
      .given(aLock(), anUnmanagedCode(), feature.meanwhile('accessCode-', theirs))
      .when(convert())
      .thenFails({ kind: 'absent' }, ours(), theirs);
  });

  it.each([0, 1])('is taken up again after a crash: %d appends', async (appends) => {
    await feature.given(aLock(), anUnmanagedCode());
    const before = await feature.countEvents();
    feature.process.store.dieAfter(appends);
    await expect(feature.do(convert())).rejects.toThrow('died');
    await feature.restart();
    await feature.do(convert());
    expect(await feature.events(before)).toMatchObject([ours(), taken]);
  });

  it('that was never finished leaves the code unmanaged', async () => {
    await feature.given(aLock(), anUnmanagedCode());
    feature.process.store.dieAfter(1);
    await expect(feature.do(convert())).rejects.toThrow('died');
    await feature.restart();
    await feature
      .given(itIs(T0 + 5 * MINUTE))
      .when(works)
      .then(onKeypad('PinReserved', { codeId: CODE, foreign: true }));
  });
});
