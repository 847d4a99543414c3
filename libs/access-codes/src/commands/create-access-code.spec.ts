import { CODE, T0 } from '../domain/testing/builders';
import {
  aCode,
  ACCOUNT_ID,
  aDevice,
  aLock,
  anUnmanagedCode,
  caller,
  DEVICE,
  itIs,
  NOT_NATIVE,
  onCode,
  onCommonCode,
  onDevice,
  onKeypad,
  type PlainEvent,
  stored,
  useFeature,
  WORKSPACE,
  works,
} from '../testing';
import { HOUR, iso, MINUTE, Outage } from '@latchkey/platform';
import { GetAccessCode, ShowNewCode } from '../views';
import { CreateAccessCode, type CreatedCode, type WantedCode } from './commands';
import { newCodeId } from './create-access-code';

const NEW = newCodeId(caller(), DEVICE);
const stay = { startsAt: T0 + HOUR, endsAt: T0 + 3 * HOUR };
const create = (wanted: Partial<WantedCode> = {}, by = caller()) =>
  new CreateAccessCode(by, { deviceId: DEVICE, code: '1234', ...wanted });
const reserved = (pin = '1234', window: typeof stay | null = null) =>
  onKeypad('PinReserved', { codeId: NEW, pin, window: stored(window) });
const requested = (more: PlainEvent['data'] = {}) => onCode('CodeRequested', { pin: '1234', ...more }, NEW);
const pinOf = async (feature: { events(): Promise<PlainEvent[]> }): Promise<string> =>
  (await feature.events()).at(-1)!.data.pin as string;

describe('creating a code', () => {
  const feature = useFeature();

  it('reserves its PIN on the keypad, joins those with its key, then requests it', async () => {
    const wanted = { name: 'Ann', externalModificationAllowed: true, commonCodeKey: 'key' };
    const result = await feature
      .given(aLock())
      .when(create({ ...wanted, preferNativeScheduling: false, ...stay, usesBackupPool: true }))
      .then(
        reserved('1234', stay),
        onCommonCode('CommonCodeJoined', { codeId: NEW, pin: '1234' }),
        requested({
          ...{ ...wanted, codeId: NEW, workspaceId: WORKSPACE, deviceId: DEVICE, accountId: ACCOUNT_ID },
          ...{ schedule: stored(stay), preferNativeScheduling: false, usesBackupPool: true },
          ...{ isOneTimeUse: false, isBackup: false },
        }),
      );
    expect(result).toMatchObject({ accessCodeId: NEW, code: { codeId: NEW, wanted: { name: 'Ann' } } });
  });

  it('is by default ongoing, without a name and scheduled by the lock', () =>
    feature
      .given(aLock())
      .when(create())
      .then(
        reserved(),
        requested({
          ...{ name: null, schedule: null, preferNativeScheduling: true, commonCodeKey: null },
          ...{ externalModificationAllowed: false, usesBackupPool: false, isOneTimeUse: false },
        }),
      ));

  it('tells from where on the views have it, and what they will show', async () => {
    const created = await feature.given(aLock()).when(create()).then(reserved(), requested());
    const { position, code } = created as CreatedCode;
    expect(position).toEqual(await feature.endOf(`accessCode-${NEW}`));
    const shown = await feature.do(new ShowNewCode(code));
    expect(shown).toMatchObject({ access_code_id: NEW, code: '1234' });
    await feature.process.reached(position);
    expect(await feature.do(new GetAccessCode(WORKSPACE, { accessCodeId: NEW }))).toEqual(shown);
  });

  it('for one time, on a lock that takes such codes', () =>
    feature
      .given(aLock({ oneTimeCodes: true }))
      .when(create({ isOneTimeUse: true }))
      .then(reserved(), requested({ isOneTimeUse: true })));

  it('widens the window to the steps of a lock that keeps it by itself', () => {
    const asked = { startsAt: T0 + HOUR + 10 * MINUTE, endsAt: T0 + 3 * HOUR - 20 * MINUTE };
    return feature
      .given(aLock({ timeStepMinutes: 30 }))
      .when(create(asked))
      .then(reserved('1234', stay), requested({ schedule: stored(stay) }));
  });

  it('leaves the window as it is where the lock is not to keep it', () => {
    const asked = { startsAt: T0 + HOUR + 10 * MINUTE, endsAt: T0 + 2 * HOUR };
    return feature
      .given(aLock({ timeStepMinutes: 30 }))
      .when(create({ ...asked, preferNativeScheduling: false }))
      .then(reserved('1234', asked), requested({ schedule: stored(asked) }));
  });

  it('takes a PIN that another code has at another time, or that somebody else put on the lock', async () => {
    const later = { startsAt: stay.endsAt, endsAt: stay.endsAt + HOUR };
    await feature
      .given(aLock(), aCode({ window: later }), anUnmanagedCode({ codeId: 'theirs' }))
      .when(create(stay))
      .then(reserved('1234', stay), requested());
  });

  describe('without a PIN', () => {
    it('draws one that the lock takes', async () => {
      await feature
        .given(aLock({ supportedCodeLengths: [4, 6], codeConstraints: [{ constraintType: 'no_zeros' }] }))
        .when(create({ code: undefined, preferredCodeLength: 6 }))
        .then(onKeypad('PinReserved', { codeId: NEW }), onCode('CodeRequested', {}, NEW));
      expect(await pinOf(feature)).toMatch(/^[1-9]{6}$/);
    });

    it('draws one that is free in the window', async () => {
      const taken = [...'012346789'].map((pin) => aCode({ codeId: `code-${pin}`, pin, window: stay }));
      await feature
        .given(aLock({ supportedCodeLengths: [1] }), taken)
        .when(create({ code: undefined, ...stay }))
        .then(reserved('5', stay), requested({ pin: '5' }));
    });

    it('draws another one where another request is faster', async () => {
      const draw = create({ code: undefined });
      const reservedAny = [onKeypad('PinReserved', { codeId: NEW }), onCode('CodeRequested', {}, NEW)];
      await feature
        .given(aLock())
        .when(draw)
        .then(...reservedAny);
      const first = await pinOf(feature);
      await feature.beginAnew();
      const theirs = onKeypad('PinReserved', { codeId: CODE, pin: first, window: null });
      await feature
        .given(aLock(), feature.meanwhile('keypad-', theirs))
        .when(draw)
        .then(theirs, ...reservedAny);
      expect(await pinOf(feature)).not.toBe(first);
    });

    it('takes one from the lock’s own set, where the lock takes no others', () =>
      feature
        .given(
          aLock({ codeConstraints: [{ constraintType: 'pin_code_matches_existing_set' }] }),
          aCode({ pin: '7391', window: stay }),
        )
        .when(create({ code: undefined, startsAt: stay.endsAt, endsAt: stay.endsAt + HOUR }))
        .then(onKeypad('PinReserved', { codeId: NEW, pin: '7391' }), requested({ pin: '7391' })));

    it('is refused where none is free', () => {
      const taken = [...'0123456789'].map((pin) => aCode({ codeId: `code-${pin}`, pin }));
      return feature
        .given(aLock({ supportedCodeLengths: [1] }), taken)
        .when(create({ code: undefined }))
        .thenFails({ kind: 'conflict', why: 'no-pin-free' });
    });
  });

  it.each([
    ['is unknown', aDevice({}, 'device-2')],
    ['was taken out of its account', [aLock(), onDevice('DeviceRemoved')]],
    ['is not managed', [aLock(), onDevice('DeviceConvertedToUnmanaged')]],
  ])('is refused on a device that %s', (_why, given) =>
    feature.given(given).when(create()).thenFails({ kind: 'absent', what: 'device' }),
  );

  it('is refused on a device of another workspace', () =>
    feature
      .given(aLock())
      .when(create({}, caller('request-1', 'workspace-2')))
      .thenFails({ kind: 'absent', what: 'device' }));

  it.each<[string, Partial<WantedCode>, string]>([
    ['a start without an end', { startsAt: T0 }, 'endsAt'],
    ['an end without a start', { endsAt: T0 + HOUR }, 'startsAt'],
    ['an end before the start', { startsAt: T0 + HOUR, endsAt: T0 }, 'endsAt'],
    ['an end that has passed', { startsAt: T0 - HOUR, endsAt: T0 }, 'endsAt'],
    ['a PIN that is too long', { code: '12345' }, 'code'],
    ['a PIN that is not made of digits', { code: '12a4' }, 'code'],
    ['an offline code', { isOfflineAccessCode: true }, 'isOfflineAccessCode'],
    ['a code for one time', { isOneTimeUse: true }, 'isOneTimeUse'],
    ['a backup for a code without an end', { usesBackupPool: true }, 'usesBackupPool'],
  ])('is refused with %s', (_what, wanted, property) =>
    feature
      .given(aLock())
      .when(create(wanted))
      .thenFails({ kind: 'invalid', wrong: { [property]: expect.anything() } }),
  );

  it('is refused on a lock that is offline, if the caller wants that', () => {
    const offline = onDevice('DeviceDisconnected', { errorCode: 'device_disconnected' });
    return feature
      .given(aLock(), offline)
      .when(create({ attemptForOfflineDevice: false }))
      .thenFails({ kind: 'invalid', wrong: { attemptForOfflineDevice: expect.anything() } });
  });

  it.each<[string, Parameters<typeof aLock>[0], Partial<WantedCode>, string]>([
    ['about its digits', { codeConstraints: [{ constraintType: 'cannot_start_with_12' }] }, {}, 'code'],
    [
      'about its start',
      { codeConstraints: [{ constraintType: 'start_date_in_future' }] },
      { startsAt: T0, endsAt: T0 + HOUR },
      'startsAt',
    ],
    ['about its room', { maxActiveCodes: 1 }, { ...stay, usesBackupPool: true }, 'usesBackupPool'],
    ['about its steps', { timeStepMinutes: 24 * 60 }, stay, 'maxTimeRounding'],
  ])('is refused against a rule of the lock %s', (_what, abilities, wanted, property) =>
    feature
      .given(aLock(abilities))
      .when(create(wanted))
      .thenFails({ kind: 'invalid', wrong: { [property]: expect.anything() } }),
  );

  it('is allowed a rounding that the caller has allowed', () => {
    const days = { startsAt: Date.UTC(2026, 5, 1), endsAt: Date.UTC(2026, 5, 2) };
    return feature
      .given(aLock({ timeStepMinutes: 24 * 60 }))
      .when(create({ ...stay, maxTimeRounding: '1d' }))
      .then(reserved('1234', days), requested({ schedule: stored(days) }));
  });

  it('is not checked by a rule about starts on a lock that keeps no windows, which is sent none', () =>
    feature
      .given(aLock({ ...NOT_NATIVE, codeConstraints: [{ constraintType: 'start_date_in_future' }] }))
      .when(create({ startsAt: T0, endsAt: T0 + HOUR }))
      .then(reserved('1234', { startsAt: T0, endsAt: T0 + HOUR }), requested()));

  it('is refused beside a code with the same first digits, where the lock distinguishes them by these', () =>
    feature
      .given(
        aLock({
          supportedCodeLengths: [4, 5],
          codeConstraints: [{ constraintType: 'unique_first_four_digits' }],
        }),
        aCode({ pin: '12345' }),
      )
      .when(create())
      .thenFails({ kind: 'invalid', wrong: { code: expect.anything() } }));

  it('is refused where another process reserves one with the same first digits meanwhile, or draws another', async () => {
    const picky = {
      supportedCodeLengths: [5],
      codeConstraints: [{ constraintType: 'unique_first_four_digits' }],
    };
    const theirs = (pin: string) => onKeypad('PinReserved', { codeId: CODE, pin, window: null });
    await feature
      .given(aLock(picky), feature.meanwhile('keypad-', theirs('12345')))
      .when(create({ code: '12346' }))
      .thenFails(
        { kind: 'invalid', wrong: { code: [expect.stringContaining('unique_first_four_digits')] } },
        theirs('12345'),
      );
    await feature.beginAnew();
    await feature.given(aLock(picky));
    await feature.do(create({ code: undefined }));
    const first = await pinOf(feature);
    const beside = `${first.slice(0, 4)}${(Number(first[4]) + 1) % 10}`;
    await feature.beginAnew();
    await feature
      .given(aLock(picky), feature.meanwhile('keypad-', theirs(beside)))
      .when(create({ code: undefined }))
      .then(theirs(beside), onKeypad('PinReserved', { codeId: NEW }), onCode('CodeRequested', {}, NEW));
    expect((await pinOf(feature)).slice(0, 4)).not.toBe(first.slice(0, 4));
  });

  it('is refused while another code has the PIN', () =>
    feature
      .given(aLock(), aCode({ window: stay }))
      .when(create({ startsAt: T0, endsAt: T0 + 2 * HOUR }))
      .thenFails({ kind: 'conflict', why: 'pin-taken', by: CODE }));

  it('is refused where another code gets the PIN meanwhile', async () => {
    const theirs = onKeypad('PinReserved', { codeId: CODE, pin: '1234', window: null });
    await feature
      .given(aLock(), feature.meanwhile('keypad-', theirs))
      .when(create())
      .thenFails({ kind: 'conflict', why: 'pin-taken', by: CODE }, theirs);
  });

  it('is decided again where another code gets another PIN meanwhile', async () => {
    const theirs = onKeypad('PinReserved', { codeId: CODE, pin: '4321', window: null });
    await feature
      .given(aLock(), feature.meanwhile('keypad-', theirs))
      .when(create())
      .then(theirs, reserved(), requested());
  });

  it('twice, by one request, makes one code', async () => {
    const again = create({ code: undefined });
    await feature
      .given(aLock())
      .when(create({ name: 'Ann' }), again)
      .then(reserved(), requested({ name: 'Ann' }));
    const same = { accessCodeId: NEW, code: { codeId: NEW, wanted: { name: 'Ann' } } };
    expect(await feature.do(again)).toMatchObject(same);
  });

  it('by two requests makes two codes', () =>
    feature
      .given(aLock())
      .when(create(), create({ code: '4321' }, caller('request-2')))
      .then(
        reserved(),
        requested(),
        onKeypad('PinReserved', { pin: '4321' }),
        onCode('CodeRequested', { pin: '4321' }, newCodeId(caller('request-2'), DEVICE)),
      ));

  it('makes one code where another process takes up the same request at the same time', async () => {
    const [, theirs] = aCode({ codeId: NEW, name: 'Theirs' }) as PlainEvent[];
    await feature
      .given(aLock(), feature.meanwhile('accessCode-', theirs!))
      .when(create({ name: 'Ours' }))
      .then(reserved(), requested({ name: 'Theirs' }));
  });

  it('is taken up again after a crash', () =>
    feature.given(aLock()).when(create(stay)).thenThroughCrashes(reserved('1234', stay), requested()));

  it('that was never finished leaves no PIN behind, and may still be requested', async () => {
    await feature.given(aLock());
    feature.process.store.dieAfter(1);
    await expect(feature.do(create())).rejects.toThrow('died');
    await feature.restart();
    await feature
      .given(itIs(T0 + 5 * MINUTE))
      .when(works)
      .then(onKeypad('PinReleased', { codeId: NEW }));
    // The key that it was sealed with first is gone.
    expect(await feature.events()).toContainEqual(
      expect.objectContaining({ type: 'PinReserved', data: expect.objectContaining({ pin: null }) }),
    );
    await feature.when(create()).then(reserved(), requested());
  });

  it('holds its PIN for another try within the grace, and no longer', async () => {
    await feature.given(aLock());
    feature.process.store.dieAfter(1);
    await expect(feature.do(create())).rejects.toThrow('died');
    await feature.restart();
    await feature
      .given(itIs(T0 + 5 * MINUTE - 1))
      .when(works)
      .then();
    await feature
      .when(create({}, caller('request-2')))
      .thenFails({ kind: 'conflict', why: 'pin-taken', by: NEW });
    await feature
      .when(create(), works)
      .then(requested(), onCode('ProgrammingStarted', {}, NEW), onCode('ProgrammingAccepted', {}, NEW));
  });

  it('changes nothing where the store is unavailable', async () => {
    await feature.given(aLock());
    const before = await feature.countEvents();
    feature.process.store.isAway = true;
    await expect(feature.do(create())).rejects.toThrow(Outage);
    feature.process.store.isAway = false;
    expect(await feature.countEvents()).toBe(before);
    await feature.when(create()).then(reserved(), requested());
  });

  it('is not requested twice where the answer to an append was lost', async () => {
    await feature.given(aLock());
    feature.process.store.loseAnswers(1);
    await feature
      .when(create({ startsAt: T0, endsAt: T0 + HOUR }))
      .then(
        reserved('1234', { startsAt: T0, endsAt: T0 + HOUR }),
        requested({ schedule: { startsAt: iso(T0), endsAt: iso(T0 + HOUR) } }),
      );
  });
});
