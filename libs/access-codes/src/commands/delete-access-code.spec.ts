import { HOUR, iso, MINUTE } from '@latchkey/platform';
import { CODE, T0 } from '../domain/testing/builders';
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
  works,
} from '../testing';
import { GetAccessCode } from '../views';
import { DeleteAccessCode } from './commands';

const stay = { startsAt: T0 + HOUR, endsAt: T0 + 3 * HOUR };
const deletion = new DeleteAccessCode(caller(), CODE);
const started = onCode('RemovalStarted', { cause: 'deleted' });
const gone = onCode('Removed', { cause: 'deleted', wasOnDevice: false });
const absent = { kind: 'absent', what: 'access code' } as const;
/** The reservation ends now, and the PIN can be reserved from then on, before the code's window ends. */
const endedAt = (now: number, startsAt = now) =>
  onKeypad('PinReserved', { codeId: CODE, pin: '1234', window: stored({ startsAt, endsAt: now }) });

describe('deleting a code', () => {
  const feature = useFeature();

  it('on a lock asks for its removal, and ends its reservation', () =>
    feature.given(aLock(), aCodeOnLock()).when(deletion).then(started, endedAt(T0)));

  it('within its stay keeps the beginning of the reservation', () =>
    feature
      .given(aLock(), aCodeOnLock({ window: stay }), itIs(T0 + 2 * HOUR))
      .when(deletion)
      .then(started, endedAt(T0 + 2 * HOUR, stay.startsAt)));

  it('that was never sent to a lock is done at once', () =>
    feature
      .given(aLock(), aCode({ window: stay }))
      .when(deletion)
      .then(started, gone, endedAt(T0)));

  it('answers when the views have it', async () => {
    const read = new GetAccessCode(caller().workspaceId, { accessCodeId: CODE });
    const shown = await feature.given(aLock(), aCodeOnLock()).when(deletion, read).then(started, endedAt(T0));
    expect(shown).toMatchObject({ status: 'removing', code: '1234' });
  });

  it('on the device that is named, and on no other', async () => {
    const on = (deviceId: string) => new DeleteAccessCode(caller(), CODE, deviceId);
    await feature.given(aLock(), aCodeOnLock()).when(on('device-2')).thenFails(absent);
    await feature.when(on('device-1')).then(started, endedAt(T0));
  });

  it('that has expired and stayed readable forgets it', () =>
    feature
      .given(
        aLock(),
        aCode({ window: stay }),
        onCode('RemovalStarted', { cause: 'expired' }),
        onCode('Removed', { cause: 'expired', wasOnDevice: false }),
        onKeypad('PinReleased', { codeId: CODE, pinFingerprint: null }),
      )
      .when(deletion)
      .then(onCode('Forgotten')));

  it('that is being removed since it has expired counts as deleted from now on', () =>
    feature
      .given(aLock(), aCodeOnLock({ window: stay }), itIs(stay.endsAt))
      .when(works, deletion)
      .then(
        onCode('RemovalStarted', { cause: 'expired' }),
        onCode('RemovalSent', { purpose: 'removal' }),
        started,
      ));

  it.each([
    ['is unknown', []],
    ['is unmanaged', anUnmanagedCode()],
    ['is gone', [aCode(), started, gone]],
    [
      'was forgotten',
      [aCode(), started, onCode('Removed', { cause: 'expired', wasOnDevice: true }), onCode('Forgotten')],
    ],
  ])('is refused for one that %s', (_why, given) =>
    feature.given(aLock(), given).when(deletion).thenFails(absent),
  );

  it('is refused for one of another workspace', () =>
    feature
      .given(aLock(), aCodeOnLock())
      .when(new DeleteAccessCode(caller('request-1', 'workspace-2'), CODE))
      .thenFails(absent));

  it('twice has no further effect', () =>
    feature.given(aLock(), aCodeOnLock()).when(deletion, deletion).then(started, endedAt(T0)));

  it('that somebody else has requested meanwhile has no further effect on the code', async () => {
    await feature
      .given(aLock(), aCodeOnLock(), feature.meanwhile('accessCode-', started))
      .when(deletion)
      .then(started, endedAt(T0));
  });

  it('of a code that was set on its lock meanwhile waits for its removal', async () => {
    const held = { commandId: 'create-1', lockCodeId: 'L' };
    const programming = {
      ...{ commandId: 'create-1', operation: 'create', lockCodeId: null, attempt: 1 },
      ...{ content: { name: 'Guest', pin: '1234', window: null }, deadline: iso(T0 + MINUTE) },
    };
    const programmed = [onCode('ProgrammingStarted', programming), onCode('SetOnDevice', held)];
    await feature
      .given(aLock(), aCode(), feature.meanwhile('accessCode-', ...programmed))
      .when(deletion)
      .then(...programmed, started, endedAt(T0));
  });

  it('is taken up again after a crash', () =>
    feature.given(aLock(), aCodeOnLock()).when(deletion).thenThroughCrashes(started, endedAt(T0)));

  it('that was interrupted by a crash once the code was gone is finished by planning', async () => {
    await feature.given(aLock(), aCode());
    feature.process.store.dieAfter(1);
    await expect(feature.do(deletion)).rejects.toThrow('died');
    await feature.restart();
    await feature.when(works).then(onKeypad('PinReleased', { codeId: CODE, pinFingerprint: null }));
    await feature.when(deletion).thenFails(absent);
  });
});
