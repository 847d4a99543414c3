import { HOUR, MINUTE } from '@latchkey/platform';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aLock,
  anUnmanagedCode,
  caller,
  itIs,
  NOT_NATIVE,
  onCode,
  onDevice,
  onKeypad,
  stored,
  useFeature,
  WORKSPACE,
  works,
} from '../testing';
import { GetAccessCode } from '../views';
import { UpdateAccessCode, type WantedChange } from './commands';

const stay = { startsAt: T0 + HOUR, endsAt: T0 + 3 * HOUR };
const longer = { startsAt: T0 + HOUR, endsAt: T0 + 5 * HOUR };
const update = (wanted: WantedChange, by = caller()) => new UpdateAccessCode(by, CODE, wanted);
const changed = (data: object) => onCode('ChangeRequested', { ...data });
const reserved = (pin: string, window: typeof stay | null = null) =>
  onKeypad('PinReserved', { codeId: CODE, pin, window: stored(window) });
const absent = { kind: 'absent', what: 'access code' } as const;
const invalid = (property: string) =>
  ({ kind: 'invalid', wrong: { [property]: expect.anything() } }) as const;

describe('changing a code', () => {
  const feature = useFeature();

  it('reserves another PIN first, then requests it', () =>
    feature
      .given(aLock(), aCode())
      .when(update({ code: '4321' }))
      .then(reserved('4321'), changed({ pin: '4321' })));

  it('reserves another window first, then requests it', () =>
    feature
      .given(aLock(), aCode({ window: stay }))
      .when(update(longer))
      .then(reserved('1234', longer), changed({ schedule: stored(longer) })));

  it('needs no reservation for anything else', () =>
    feature
      .given(aLock(), aCode({ window: stay }))
      .when(
        update({
          ...{ name: 'Ann', preferNativeScheduling: false, externalModificationAllowed: true },
          usesBackupPool: true,
        }),
      )
      .then(
        changed({
          ...{ name: 'Ann', preferNativeScheduling: false, externalModificationAllowed: true },
          usesBackupPool: true,
        }),
      ));

  it('answers when the views have it', async () => {
    const read = new GetAccessCode(WORKSPACE, { accessCodeId: CODE });
    const shown = await feature
      .given(aLock(), aCode())
      .when(update({ name: 'Ann', code: '4321' }), read)
      .then(reserved('4321'), changed({ name: 'Ann' }));
    expect(shown).toMatchObject({ name: 'Ann', code: '4321' });
  });

  it('to what it already is changes nothing', () =>
    feature
      .given(aLock(), aCode({ window: stay }))
      .when(update({ name: 'Guest', code: '1234', ...stay, type: 'time_bound' }))
      .then());

  it('requests again what the lock has refused for good, though nothing differs', () =>
    feature
      .given(aLock(), aCode(), (installation) =>
        installation.locks.answerNext({ kind: 'refused', errorCode: 'INVALID_PIN', message: 'no' }),
      )
      .when(works, update({}))
      .then(
        onCode('ProgrammingStarted'),
        onCode('ProgrammingFailed', { errorCode: 'INVALID_PIN', kind: 'permanent', retryAt: null }),
        changed({}),
      ));

  it('gives it an end, and removes the end', async () => {
    await feature
      .given(aLock(), aCode())
      .when(update({ type: 'time_bound', ...stay }))
      .then(reserved('1234', stay), changed({ schedule: stored(stay) }));
    await feature.when(update({ type: 'ongoing' })).then(reserved('1234'), changed({ schedule: null }));
  });

  it('moves one end, and leaves the other', () =>
    feature
      .given(aLock(), aCode({ window: stay }))
      .when(update({ endsAt: longer.endsAt }))
      .then(reserved('1234', longer), changed({ schedule: stored(longer) })));

  it('to an end that has passed ends it', () => {
    const over = { startsAt: T0 - 2 * HOUR, endsAt: T0 - HOUR };
    return feature
      .given(aLock(), aCode({ window: { startsAt: T0 - 2 * HOUR, endsAt: T0 + HOUR } }))
      .when(update({ endsAt: over.endsAt }), works)
      .then(
        // Its key is erased by then.
        onKeypad('PinReserved', { codeId: CODE, pin: null, window: stored(over) }),
        changed({ schedule: stored(over) }),
        onCode('RemovalStarted', { cause: 'expired' }),
        onCode('Removed', { cause: 'expired' }),
        onKeypad('PinReleased', { codeId: CODE }),
      );
  });

  it('widens a requested window to the steps of its lock, but not the one that it has', async () => {
    const odd = { startsAt: T0 + HOUR + MINUTE, endsAt: T0 + 3 * HOUR };
    await feature
      .given(aLock({ timeStepMinutes: 30 }), aCode({ window: odd }))
      .when(update({ name: 'Ann' }))
      .then(changed({ name: 'Ann' }));
    await feature
      .when(update({ endsAt: longer.endsAt - MINUTE }))
      .then(reserved('1234', longer), changed({ schedule: stored(longer) }));
  });

  it('uses the earlier seal for a PIN that the code had before', () =>
    feature
      .given(aLock(), aCodeOnLock())
      .when(update({ code: '4321' }), update({ code: '1234' }))
      // The first PIN is still reserved: it is on the lock.
      .then(reserved('4321'), changed({ pin: '4321' }), changed({ pin: '1234' })));

  it('takes a PIN that another code has at another time', () =>
    feature
      .given(
        aLock(),
        aCode({ window: stay }),
        aCode({ codeId: OTHER, pin: '4321', window: { startsAt: stay.endsAt, endsAt: longer.endsAt } }),
      )
      .when(update({ code: '4321' }))
      .then(reserved('4321', stay), changed({ pin: '4321' })));

  it.each([
    ['is unknown', []],
    ['is unmanaged', anUnmanagedCode()],
    [
      'is gone',
      [
        aCode(),
        onCode('RemovalStarted', { cause: 'deleted' }),
        onCode('Removed', { cause: 'deleted', wasOnDevice: false }),
      ],
    ],
    [
      'has expired, though it stays readable',
      [
        aCode(),
        onCode('RemovalStarted', { cause: 'expired' }),
        onCode('Removed', { cause: 'expired', wasOnDevice: false }),
      ],
    ],
  ])('is refused for one that %s', (_why, given) =>
    feature
      .given(aLock(), given)
      .when(update({ code: '4321' }))
      .thenFails(absent),
  );

  it('is refused for one of another workspace', () =>
    feature
      .given(aLock(), aCode())
      .when(update({ name: 'Ann' }, caller('request-1', 'workspace-2')))
      .thenFails(absent));

  it('is refused for one that is being removed, before anything is reserved', () =>
    feature
      .given(aLock(), aCodeOnLock(), onCode('RemovalStarted', { cause: 'deleted' }))
      .when(update({ code: '4321' }))
      .thenFails({ kind: 'untimely', why: 'being-removed' }));

  it.each<[string, WantedChange, string]>([
    ['onto another device', { deviceId: 'device-2' }, 'deviceId'],
    ['to a start without an end', { startsAt: T0 }, 'endsAt'],
    ['to an end without a start', { endsAt: T0 + HOUR }, 'startsAt'],
    ['to an end before the start', { startsAt: T0 + HOUR, endsAt: T0 }, 'endsAt'],
    ['to an ongoing one with an end', { type: 'ongoing', endsAt: T0 + HOUR }, 'type'],
    ['to a time-bound one without any', { type: 'time_bound' }, 'startsAt'],
    ['to a PIN that the lock does not take', { code: '12345' }, 'code'],
    ['to use backup codes without an end', { usesBackupPool: true }, 'usesBackupPool'],
  ])('is refused %s', (_what, wanted, property) =>
    feature.given(aLock(), aCode()).when(update(wanted)).thenFails(invalid(property)),
  );

  it('is refused while the lock is offline, if the caller wants that', () => {
    const offline = onDevice('DeviceDisconnected', { errorCode: 'device_disconnected' });
    return feature
      .given(aLock(), aCode(), offline)
      .when(update({ name: 'Ann', attemptForOfflineDevice: false }))
      .thenFails(invalid('attemptForOfflineDevice'));
  });

  it('is refused for a new start that the lock does not take, but not for the one that it has', async () => {
    const begun = { startsAt: T0 - HOUR, endsAt: T0 + HOUR };
    const onlyLater = { codeConstraints: [{ constraintType: 'start_date_in_future' }] };
    await feature
      .given(aLock(onlyLater), aCode({ window: begun }))
      .when(update({ startsAt: T0 }))
      .thenFails(invalid('startsAt'));
    const later = { ...begun, endsAt: T0 + 2 * HOUR };
    await feature.when(update(later)).then(reserved('1234', later), changed({ schedule: stored(later) }));
  });

  it('is refused where it would be rounded more than allowed', () =>
    feature
      .given(aLock({ timeStepMinutes: 24 * 60 }), aCode())
      .when(update({ type: 'time_bound', ...stay }))
      .thenFails(invalid('maxTimeRounding')));

  it('is not rounded for a lock that keeps no windows', () => {
    const odd = { startsAt: T0 + HOUR + MINUTE, endsAt: T0 + 3 * HOUR };
    return feature
      .given(aLock({ ...NOT_NATIVE, timeStepMinutes: 24 * 60 }), aCode())
      .when(update({ type: 'time_bound', ...odd }))
      .then(reserved('1234', odd), changed({ schedule: stored(odd) }));
  });

  it('is refused beside a code with the same first digits, where the lock distinguishes them by these', () =>
    feature
      .given(
        aLock({
          supportedCodeLengths: [4, 5],
          codeConstraints: [{ constraintType: 'unique_first_four_digits' }],
        }),
        aCode(),
        aCode({ codeId: OTHER, pin: '43210' }),
      )
      .when(update({ code: '4321' }))
      .thenFails(invalid('code')));

  it('is refused for a window in which another code has the same first digits, but not for a name', async () => {
    const picky = {
      supportedCodeLengths: [4, 5],
      codeConstraints: [{ constraintType: 'unique_first_four_digits' }],
    };
    const later = { startsAt: T0 + 100 * HOUR, endsAt: T0 + 101 * HOUR };
    const given = () => [
      aLock(picky),
      aCode({ window: stay }),
      aCode({ codeId: OTHER, pin: '12345', window: later }),
    ];
    await feature.given(given()).when(update(later)).thenFails(invalid('code'));
    await feature.beginAnew();
    await feature
      .given(given())
      .when(update({ name: 'Ann' }))
      .then(onCode('ChangeRequested', { name: 'Ann' }));
  });

  it.each<[string, WantedChange]>([
    ['a PIN', { code: '4321' }],
    ['a window', { startsAt: T0 + 3 * HOUR, endsAt: T0 + 5 * HOUR, code: '4321' }],
  ])('is refused %s that another code has taken', (_what, wanted) =>
    feature
      .given(aLock(), aCode({ window: stay }), aCode({ codeId: OTHER, pin: '4321' }))
      .when(update(wanted))
      .thenFails({ kind: 'conflict', why: 'pin-taken', by: OTHER }),
  );

  it('twice has no further effect', () => {
    const change = update({ name: 'Ann', code: '4321', type: 'time_bound', ...stay });
    return feature
      .given(aLock(), aCode())
      .when(change, change)
      .then(reserved('4321', stay), changed({ name: 'Ann', pin: '4321', schedule: stored(stay) }));
  });

  it('is decided again on what somebody else has changed meanwhile', async () => {
    const theirs = changed({ name: 'Ann' });
    await feature
      .given(aLock(), aCode(), feature.meanwhile('accessCode-', theirs))
      .when(update({ name: 'Ann', externalModificationAllowed: true }))
      .then(theirs, changed({ externalModificationAllowed: true }));
    expect((await feature.events()).at(-1)!.data).not.toHaveProperty('name');
  });

  it('is refused where somebody else has deleted it meanwhile; what it reserved is released', async () => {
    const theirs = onCode('RemovalStarted', { cause: 'deleted' });
    await feature
      .given(aLock(), aCodeOnLock(), feature.meanwhile('accessCode-', theirs))
      .when(update({ code: '4321' }))
      .thenFails({ kind: 'untimely', why: 'being-removed' }, reserved('4321'), theirs);
    await feature
      .given(itIs(T0 + 5 * MINUTE))
      .when(works)
      .then(onCode('RemovalDelayed'), onKeypad('PinReleased', { pin: '4321' }), onCode('RemovalSent'));
  });

  it('is refused where it has become unmanaged meanwhile', async () => {
    const theirs = onCode('LetGo');
    await feature
      .given(aLock(), aCodeOnLock(), feature.meanwhile('accessCode-', theirs))
      .when(update({ name: 'Ann' }))
      .thenFails(absent, theirs);
  });

  it('is taken up again after a crash', () =>
    feature
      .given(aLock(), aCodeOnLock({ window: stay }))
      .when(update({ code: '4321', ...longer }))
      .thenThroughCrashes(reserved('4321', longer), changed({ pin: '4321', schedule: stored(longer) })));

  it('that was never finished leaves the code as it was, and the PIN to others', async () => {
    await feature.given(aLock(), aCodeOnLock());
    feature.process.store.dieAfter(1);
    await expect(feature.do(update({ code: '4321' }))).rejects.toThrow('died');
    await feature.restart();
    await feature.when(works).then();
    await feature
      .given(itIs(T0 + 5 * MINUTE))
      .when(works)
      .then(onKeypad('PinReleased', { codeId: CODE, pin: '4321' }));
  });

  it('whose window was reserved but never requested keeps the window that it has', async () => {
    await feature.given(aLock(), aCodeOnLock({ window: stay }));
    feature.process.store.dieAfter(1);
    await expect(feature.do(update(longer))).rejects.toThrow('died');
    await feature.restart();
    await feature
      .given(itIs(T0 + 5 * MINUTE))
      .when(works)
      .then(reserved('1234', stay));
  });
});
