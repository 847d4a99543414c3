import { HOUR } from '@latchkey/platform';
import { CODE, OTHER, T0 } from '../../domain/testing/builders';
import {
  aCode,
  aDevice,
  aLock,
  caller,
  NOT_NATIVE,
  onCode,
  onCommonCode,
  onDevice,
  onKeypad,
  type PlainEvent,
  stored,
  useFeature,
  WORKSPACE,
} from '../../testing';
import { ListAccessCodes } from '../../views';
import type { WantedCode } from '../commands';
import { newCodeId } from '../create-access-code';
import { CreateAccessCodes } from './commands';

const [FRONT, BACK] = ['device-1', 'device-2'] as const;
const ids = [newCodeId(caller(), FRONT), newCodeId(caller(), BACK)] as const;
const stay = { startsAt: T0 + HOUR, endsAt: T0 + 3 * HOUR };

type Wanted = Omit<WantedCode, 'deviceId'>;

const create = (
  wanted: Wanted = { code: '1234' },
  otherwise: CreateAccessCodes['otherwise'] = 'throw',
  devices: readonly string[] = [FRONT, BACK],
) => new CreateAccessCodes(caller(), devices, wanted, otherwise);

const twoDoors = [aLock(), aDevice({}, BACK)];
const created = (deviceId: string, codeId: string, more: PlainEvent['data'] = {}) => [
  onKeypad('PinReserved', { codeId, ...(more.pin === undefined ? {} : { pin: more.pin }) }, deviceId),
  onCode('CodeRequested', { deviceId, ...more }, codeId),
];
/** The same for a code that has its PIN in common with others. */
const linked = (deviceId: string, codeId: string, more: PlainEvent['data'] = {}) => {
  const [reserved, ...rest] = created(deviceId, codeId, more);
  return [reserved!, onCommonCode('CommonCodeJoined', { codeId }), ...rest];
};
const takenBack = (deviceId: string, codeId: string) => [
  onCode('RemovalStarted', { cause: 'deleted' }, codeId),
  onCode('Removed', { cause: 'deleted', wasOnDevice: false }, codeId),
  onKeypad('PinReserved', { codeId, window: stored({ startsAt: T0, endsAt: T0 }) }, deviceId),
];
const linkedTakenBack = (deviceId: string, codeId: string) =>
  takenBack(deviceId, codeId).toSpliced(-1, 0, onCommonCode('CommonCodeLeft', { codeId }));
const someoneElses = (pin: string, deviceId: string = BACK) =>
  onKeypad('PinReserved', { codeId: OTHER, pin, window: null }, deviceId);

describe('creating one code on several devices', () => {
  const feature = useFeature();
  const pins = async (): Promise<unknown[]> =>
    (await feature.events()).filter(({ type }) => type === 'CodeRequested').map(({ data }) => data.pin);
  const asked = new ListAccessCodes(WORKSPACE, {}, { limit: 10 });

  it('creates one after the other with the PIN that was given', async () => {
    const result = await feature
      .given(twoDoors)
      .when(create({ code: '1234', name: 'Ann', ...stay }))
      .then(
        ...created(FRONT, ids[0], { pin: '1234', name: 'Ann', schedule: stored(stay), commonCodeKey: null }),
        ...created(BACK, ids[1], { pin: '1234', name: 'Ann', schedule: stored(stay), commonCodeKey: null }),
      );
    expect(result).toEqual({ accessCodeIds: ids });
  });

  it('draws a PIN that all of them take, and links the codes by a new key', async () => {
    await feature
      .given(aLock({ supportedCodeLengths: [4, 6] }), aDevice({ supportedCodeLengths: [6, 8] }, BACK))
      .when(create({}))
      .then(...linked(FRONT, ids[0]), ...linked(BACK, ids[1]));
    const [one, other] = await pins();
    expect(one).toBe(other);
    expect(one).toMatch(/^\d{6}$/);
    const events = await feature.events();
    const keys = events.flatMap(({ data }) => (data.commonCodeKey as string | undefined) ?? []);
    expect(keys).toEqual([expect.stringMatching(/^auto_set_by_create_multiple_/), keys[0]]);
  });

  it('draws one that is free on all of them', async () => {
    const taken = [...'012345'].map((pin) => aCode({ codeId: `front-${pin}`, pin }));
    const alsoTaken = [...'6789'].map((pin) => aCode({ codeId: `back-${pin}`, deviceId: BACK, pin }));
    const lengths = { supportedCodeLengths: [1] };
    await feature
      .given(aLock(lengths), aDevice(lengths, BACK), taken, alsoTaken.slice(1))
      .when(create({}))
      .then(...linked(FRONT, ids[0], { pin: '6' }), ...linked(BACK, ids[1], { pin: '6' }));
    await feature
      .given(aCode({ codeId: 'back-6', deviceId: FRONT, pin: '6', window: stay }))
      .when(new CreateAccessCodes(caller('request-2'), [FRONT, BACK], {}, 'throw'))
      .thenFails({ kind: 'untimely', why: 'not-to-be-shared' });
  });

  it('keeps the key that was given with a PIN', () =>
    feature
      .given(twoDoors)
      .when(create({ code: '1234', commonCodeKey: 'family' }))
      .then(
        ...linked(FRONT, ids[0], { pin: '1234', commonCodeKey: 'family' }),
        ...linked(BACK, ids[1], { pin: '1234', commonCodeKey: 'family' }),
      ));

  it('creates one code on a device that is named twice', () =>
    feature
      .given(twoDoors)
      .when(create({ code: '1234' }, 'throw', [FRONT, FRONT]))
      .then(...created(FRONT, ids[0], { pin: '1234' })));

  it('answers when the views have all of them', async () => {
    const shown = await feature
      .given(twoDoors)
      .when(create(), asked)
      .then(...created(FRONT, ids[0]), ...created(BACK, ids[1]));
    expect(shown).toMatchObject({ items: [{ access_code_id: ids[0] }, { access_code_id: ids[1] }] });
  });

  describe('where one of them can not have the PIN', () => {
    it.each([
      ['that was given, since another code has it', twoDoors, '1234', someoneElses('1234')],
      ['that was given, by its rules', [aLock(), aDevice({ supportedCodeLengths: [6] }, BACK)], '1234', []],
      ['that the others share', [aLock(), aDevice({ supportedCodeLengths: [6] }, BACK)], undefined, []],
    ])('gives it one of its own if that is wanted: %s', async (_what, doors, code, given) => {
      await feature
        .given(doors, given)
        .when(create(code === undefined ? {} : { code }, 'create_random_code'))
        .then(
          ...(code === undefined ? linked(FRONT, ids[0]) : created(FRONT, ids[0], { pin: code })),
          ...created(BACK, ids[1]),
        );
      const [one, other] = await pins();
      expect(one).not.toBe(other);
    });

    it('creates none where its PIN is taken', () =>
      feature
        .given(twoDoors, someoneElses('1234'))
        .when(create())
        .thenFails({ kind: 'conflict', why: 'pin-taken', deviceId: BACK }));

    it('creates none where the PIN is against its rules', () =>
      feature
        .given(aLock(), aDevice({ supportedCodeLengths: [6] }, BACK))
        .when(create())
        .thenFails({ kind: 'invalid', wrong: { code: expect.anything() } }));

    it('creates none where they have no PIN in common', () =>
      feature
        .given(aLock(), aDevice({ supportedCodeLengths: [6] }, BACK))
        .when(create({}))
        .thenFails({ kind: 'untimely', why: 'not-to-be-shared' }));
  });

  it.each([
    ['is unknown', aLock()],
    ['was taken out of its account', [twoDoors, onDevice('DeviceRemoved', {}, BACK)]],
  ])('creates none where a device %s', (_why, given) =>
    feature.given(given).when(create()).thenFails({ kind: 'absent', what: 'device' }),
  );

  it('creates none on a device of another workspace', () =>
    feature
      .given(twoDoors)
      .when(new CreateAccessCodes(caller('request-1', 'workspace-2'), [FRONT], { code: '1234' }, 'throw'))
      .thenFails({ kind: 'absent', what: 'device' }));

  it.each<[string, Wanted, string]>([
    ['a start without an end', { code: '1234', startsAt: T0 }, 'endsAt'],
    ['an end before the start', { code: '1234', startsAt: T0 + HOUR, endsAt: T0 }, 'endsAt'],
    ['an end that has passed', { code: '1234', startsAt: T0 - HOUR, endsAt: T0 }, 'endsAt'],
    ['what a device can not do', { code: '1234', isOneTimeUse: true }, 'isOneTimeUse'],
  ])('creates none with %s', (_what, wanted, property) =>
    feature
      .given(twoDoors)
      .when(create(wanted))
      .thenFails({ kind: 'invalid', wrong: { [property]: expect.anything() } }),
  );

  it('takes back what it has created where a later one is refused', async () => {
    const offline = onDevice('DeviceDisconnected', { errorCode: 'device_disconnected' }, BACK);
    const wanted = { code: '1234', attemptForOfflineDevice: false };
    await feature
      .given(aLock(NOT_NATIVE), aDevice({}, BACK), offline)
      .when(create(wanted))
      .thenFails(
        { kind: 'invalid', wrong: { attemptForOfflineDevice: expect.anything() } },
        ...created(FRONT, ids[0]),
        ...takenBack(FRONT, ids[0]),
      );
  });

  it('takes back what it has created where another code gets the PIN on another device meanwhile', async () => {
    await feature
      .given(twoDoors, feature.meanwhile(`keypad-${BACK}`, someoneElses('1234')))
      .when(create())
      .thenFails(
        { kind: 'conflict', why: 'pin-taken', by: OTHER },
        ...created(FRONT, ids[0]),
        someoneElses('1234'),
        ...takenBack(FRONT, ids[0]),
      );
  });

  it('that was refused and taken back can be asked for again by the same request', async () => {
    const release = onKeypad('PinReleased', { codeId: OTHER, pinFingerprint: null }, BACK);
    await feature.given(twoDoors, feature.meanwhile(`keypad-${BACK}`, someoneElses('1234')));
    await expect(feature.do(create())).rejects.toThrow('same code');
    await feature.given(release);
    await feature.do(create());
    const { items } = (await feature.do(asked)) as { items: { device_id: string; code: string }[] };
    expect(items).toMatchObject([
      { device_id: FRONT, code: '1234' },
      { device_id: BACK, code: '1234' },
    ]);
  });

  it('draws another PIN where another code gets the first one meanwhile', async () => {
    await feature
      .given(twoDoors)
      .when(create({}))
      .then(...linked(FRONT, ids[0]), ...linked(BACK, ids[1]));
    const [first] = (await pins()) as [string];
    await feature.beginAnew();
    await feature.given(twoDoors, feature.meanwhile(`keypad-${BACK}`, someoneElses(first)));
    const { accessCodeIds } = (await feature.do(create({}))) as { accessCodeIds: string[] };
    const { items } = (await feature.do(asked)) as { items: { access_code_id: string; code: string }[] };
    expect(items.map(({ access_code_id }) => access_code_id)).toEqual(accessCodeIds);
    expect(items).toHaveLength(2);
    expect(items[0]!.code).toBe(items[1]!.code);
    expect(items[0]!.code).not.toBe(first);
  });

  it('twice, by one request, creates the codes once', async () => {
    const again = create({});
    const result = await feature
      .given(twoDoors)
      .when(create({}), again)
      .then(...linked(FRONT, ids[0]), ...linked(BACK, ids[1]));
    expect(result).toEqual({ accessCodeIds: ids });
  });

  it.each<[string, Wanted, typeof created, readonly number[]]>([
    ['a PIN that was given', { code: '1234' }, created, [1, 2, 3, 4]],
    // A PIN that was drawn before the first code was created is drawn again.
    ['a PIN that is drawn', {}, linked, [3, 4, 5, 6]],
  ])('is taken up again after a crash, with %s', async (_what, wanted, comesOfIt, crashes) => {
    for (const appends of crashes) {
      await feature.beginAnew();
      await feature.given(twoDoors);
      const before = await feature.countEvents();
      feature.process.store.dieAfter(appends);
      await expect(feature.do(create(wanted))).rejects.toThrow('died');
      await feature.restart();
      expect(await feature.do(create(wanted))).toEqual({ accessCodeIds: ids });
      expect(await feature.events(before)).toMatchObject([
        ...comesOfIt(FRONT, ids[0]),
        ...comesOfIt(BACK, ids[1]),
      ]);
      const [one, other] = await pins();
      expect(one).toBe(other);
    }
  });

  it('leaves nothing half done where, after a crash, the PIN is taken on another device', async () => {
    await feature.given(twoDoors);
    feature.process.store.dieAfter(2);
    await expect(feature.do(create())).rejects.toThrow('died');
    await feature.restart();
    await feature
      .given(someoneElses('1234'))
      .when(create())
      .thenFails({ kind: 'conflict', why: 'pin-taken', deviceId: BACK }, ...takenBack(FRONT, ids[0]));
  });

  it('draws again where, after a crash, the PIN that was drawn is taken on another device', async () => {
    await feature.given(twoDoors);
    feature.process.store.dieAfter(3);
    await expect(feature.do(create({}))).rejects.toThrow('died');
    await feature.restart();
    const [first] = (await pins()) as [string];
    const second = [newCodeId(caller(), FRONT, 2), newCodeId(caller(), BACK, 2)] as const;
    const result = await feature
      .given(someoneElses(first))
      .when(create({}))
      .then(...linkedTakenBack(FRONT, ids[0]), ...linked(FRONT, second[0]), ...linked(BACK, second[1]));
    expect(result).toEqual({ accessCodeIds: second });
  });

  it('takes back the rest where a crash came while it took back', async () => {
    const third = 'device-3';
    const thirdId = newCodeId(caller(), third);
    const all = create({ code: '1234' }, 'throw', [FRONT, BACK, third]);
    await feature.given(twoDoors, aDevice({}, third));
    const { store } = feature.process;
    store.before(`keypad-${third}`, async () => {
      await feature.given(someoneElses('1234', third));
      store.before(`accessCode-${ids[0]}`, () => Promise.resolve(store.dieAfter(1)));
    });
    await expect(feature.do(all)).rejects.toThrow('died');
    await feature.restart();
    const before = await feature.countEvents();
    await expect(feature.do(all)).rejects.toThrow('same code');
    expect(await feature.events(before)).toMatchObject(takenBack(BACK, ids[1]));
    expect(await feature.events()).not.toContainEqual(
      expect.objectContaining({ stream: `accessCode-${thirdId}` }),
    );
  });

  it('goes on after an outage with what exists, and takes nothing back', async () => {
    await feature.given(twoDoors);
    const before = await feature.countEvents();
    const away = { ...onKeypad('PinReserved'), stream: `keypad-${BACK}` };
    feature.process.store.before(away.stream, () => {
      feature.process.store.isAway = true;
      return Promise.reject(new Error('the store went away'));
    });
    await expect(feature.do(create())).rejects.toThrow('away');
    feature.process.store.isAway = false;
    await feature.do(create());
    expect(await feature.events(before)).toMatchObject([...created(FRONT, ids[0]), ...created(BACK, ids[1])]);
  });

  it('leaves a code alone that existed before', () =>
    feature
      .given(twoDoors, aCode({ codeId: CODE, pin: '4321' }))
      .when(create())
      .then(...created(FRONT, ids[0]), ...created(BACK, ids[1])));
});
