import { HOUR, iso, MINUTE } from '@latchkey/platform';
import { CODE, T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aLock,
  anUnmanagedCode,
  caller,
  onCode,
  onKeypad,
  stored,
  useFeature,
  WORKSPACE,
  works,
} from '../testing';
import { GetUnmanagedAccessCode } from '../views';
import { LetGoOfAccessCode } from './unmanaged-commands';

const stay = { startsAt: T0 - HOUR, endsAt: T0 + 3 * HOUR };
const letGo = (by = caller()) => new LetGoOfAccessCode(by, CODE);
const gone = onCode('LetGo');
const foreign = onKeypad('PinReserved', { codeId: CODE, pin: '1234', window: null, foreign: true });
const absent = { kind: 'absent', what: 'access code' } as const;
const notSet = { kind: 'untimely', why: 'not-set-on-device' } as const;
const changing = onCode('ProgrammingStarted', {
  ...{ commandId: 'change-1', operation: 'change', lockCodeId: `on-lock-${CODE}`, attempt: 1 },
  ...{ content: { name: 'Ann', pin: '1234', window: null }, deadline: iso(T0 + MINUTE) },
});

describe('letting go of a code', () => {
  const feature = useFeature();

  it('lets go of it first; then its PIN is reserved as foreign', () =>
    feature.given(aLock(), aCodeOnLock()).when(letGo()).then(gone, foreign));

  it('keeps the window that its lock keeps', () =>
    feature
      .given(aLock(), aCodeOnLock({ window: stay }))
      .when(letGo())
      .then(gone, { ...foreign, data: { ...foreign.data, window: stored(stay) } }));

  it('answers when the views have it', async () => {
    const read = new GetUnmanagedAccessCode(WORKSPACE, { accessCodeId: CODE });
    const shown = await feature.given(aLock(), aCodeOnLock()).when(letGo(), read).then(gone, foreign);
    expect(shown).toMatchObject({ code: '1234', is_managed: false });
  });

  it('leaves it on its lock', async () => {
    await feature.given(aLock(), aCodeOnLock()).when(letGo(), works).then(gone, foreign);
    expect(feature.locks.opens('lock-1', '1234')).toBe(true);
  });

  it('on the device that is named, and on no other', async () => {
    const on = (deviceId: string) => new LetGoOfAccessCode(caller(), CODE, deviceId);
    await feature.given(aLock(), aCodeOnLock()).when(on('device-2')).thenFails(absent);
    await feature.when(on('device-1')).then(gone, foreign);
  });

  it.each([
    ['is unknown', []],
    ['is unmanaged', anUnmanagedCode()],
    [
      'is gone',
      [
        aCodeOnLock(),
        onCode('RemovalStarted', { cause: 'deleted' }),
        onCode('Removed', { cause: 'deleted', wasOnDevice: true }),
      ],
    ],
  ])('is refused for one that %s', (_why, given) =>
    feature.given(aLock(), given).when(letGo()).thenFails(absent),
  );

  it('is refused for one of another workspace', () =>
    feature
      .given(aLock(), aCodeOnLock())
      .when(letGo(caller('request-1', 'workspace-2')))
      .thenFails(absent));

  it('is refused for one that is being removed', () =>
    feature
      .given(aLock(), aCodeOnLock(), onCode('RemovalStarted', { cause: 'deleted' }))
      .when(letGo())
      .thenFails({ kind: 'untimely', why: 'being-removed' }));

  it.each([
    ['is not on its lock', aCode()],
    ['is being changed there', [aCodeOnLock(), changing]],
    ['is to have another PIN there', [aCodeOnLock(), onCode('ChangeRequested', { pin: '4321' })]],
  ])('is refused for one that %s', (_why, given) =>
    feature.given(aLock(), given).when(letGo()).thenFails(notSet),
  );

  it('is refused where a change of it is sent to the lock meanwhile', async () => {
    await feature
      .given(aLock(), aCodeOnLock(), feature.meanwhile('accessCode-', changing))
      .when(letGo())
      .thenFails(notSet, changing);
  });

  it('twice is refused the second time, since it is unmanaged by then, and changes nothing', async () => {
    await feature.given(aLock(), aCodeOnLock()).when(letGo()).then(gone, foreign);
    await feature.when(letGo()).thenFails(absent);
  });

  it('is done where another process does it meanwhile', async () => {
    await feature
      .given(aLock(), aCodeOnLock(), feature.meanwhile('accessCode-', gone))
      .when(letGo())
      .then(gone, foreign);
  });

  it('that was interrupted by a crash is finished by planning', async () => {
    await feature.given(aLock(), aCodeOnLock());
    feature.process.store.dieAfter(1);
    await expect(feature.do(letGo())).rejects.toThrow('died');
    await feature.restart();
    // Somebody may be about to reserve it.
    await feature
      .given(({ clock }) => clock.put(T0 + 5 * MINUTE))
      .when(works)
      .then(foreign);
  });
});
