import { MINUTE } from '@latchkey/platform';
import { CODE, OTHER, T0 } from '../../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aDevice,
  aLock,
  caller,
  DEVICE,
  onCode,
  onCommonCode,
  onKeypad,
  useFeature,
  WORKSPACE,
  works,
} from '../../testing';
import { CreateAccessCode, DeleteAccessCode, UpdateAccessCode, type WantedCode } from '../commands';
import { newCodeId } from '../create-access-code';
import { LetGoOfAccessCode } from '../unmanaged-commands';

const commonCodeKey = 'family';
const GARAGE = 'device-2';
const NEW = newCodeId(caller(), DEVICE);
const inUse = { kind: 'conflict', why: 'common-code-key-in-use' } as const;

const create = (wanted: Partial<WantedCode> = {}, by = caller()) =>
  new CreateAccessCode(by, { deviceId: DEVICE, commonCodeKey, ...wanted });
const reserved = (pin: string, codeId = NEW, deviceId = DEVICE) =>
  onKeypad('PinReserved', { codeId, pin }, deviceId);
const joined = (pin: string, codeId = NEW) => onCommonCode('CommonCodeJoined', { codeId, pin });
const left = (codeId: string) => onCommonCode('CommonCodeLeft', { codeId });
const requested = (pin: string, codeId = NEW) => onCode('CodeRequested', { pin, commonCodeKey }, codeId);
/** A code in the garage as an earlier version has recorded it. */
const earlier = (pin = '4821') => aCode({ codeId: OTHER, deviceId: GARAGE, pin, commonCodeKey });
const begun = onCommonCode('EarlierCodesJoined', { codeIds: [OTHER] });

describe('a code with a common_code_key', () => {
  const feature = useFeature();
  const idOf = () => feature.process.streams.commonCodes.idOf({ workspaceId: WORKSPACE, commonCodeKey });
  /** A code in the garage that has joined. */
  const another = (pin = '4821') => [
    aDevice({}, GARAGE),
    aCode({ codeId: OTHER, deviceId: GARAGE, pin, commonCodeKey }),
    onCommonCode('CommonCodeJoined', { codeId: OTHER, pin }, idOf()),
  ];

  it('joins those with the key before it is requested, once, wherever the server dies', () =>
    feature
      .given(aLock())
      .when(create({ code: '1234' }))
      .thenThroughCrashes(reserved('1234'), joined('1234'), requested('1234')));

  it('takes the PIN of the others, also of those of an earlier version', async () => {
    await feature
      .given(aLock(), another())
      .when(create())
      .then(reserved('4821'), joined('4821'), requested('4821'));
    await feature.beginAnew();
    await feature
      .given(aLock(), aDevice({}, GARAGE), earlier())
      .when(create())
      .then(reserved('4821'), begun, joined('4821'), requested('4821'));
  });

  it('is refused with another PIN than the others have, and nothing is reserved', () =>
    feature
      .given(aLock(), another())
      .when(create({ code: '1234' }))
      .thenFails(inUse));

  describe('where another process is faster', () => {
    /** The other creation, at the moment at which this one joins. */
    const meanwhile = (pin: string) => {
      const theirs = [
        onKeypad('PinReserved', { codeId: OTHER, pin, window: null }, GARAGE),
        onCommonCode('CommonCodeJoined', { codeId: OTHER, pin }, idOf()),
      ];
      return { theirs, given: feature.meanwhile('commonCode-', ...theirs) };
    };

    it('takes the other one’s PIN, though it has drawn one', async () => {
      const { theirs, given } = meanwhile('4821');
      await feature
        .given(aLock(), aDevice({}, GARAGE), given)
        .when(create())
        .then(
          onKeypad('PinReserved', { codeId: NEW }),
          ...theirs,
          reserved('4821'),
          joined('4821'),
          requested('4821'),
        );
    });

    it('is refused where it was given another one', async () => {
      const { theirs, given } = meanwhile('4821');
      await feature
        .given(aLock(), aDevice({}, GARAGE), given)
        .when(create({ code: '1234' }))
        .thenFails(inUse, reserved('1234'), ...theirs);
    });

    it('keeps the PIN that it was given where the other one has the same', async () => {
      const { theirs, given } = meanwhile('4821');
      await feature
        .given(aLock(), aDevice({}, GARAGE), given)
        .when(create({ code: '4821' }))
        .then(reserved('4821'), ...theirs, joined('4821'), requested('4821'));
    });
  });

  it('that never comes leaves with its reservation, and its PIN is erased', () =>
    feature
      .given(aLock())
      .when(
        async ({ store, commands }) => {
          store.dieAfter(2);
          await commands.execute(create({ code: '1234' })).catch(() => undefined);
          store.dieAfter(Infinity);
        },
        () => feature.installation.clock.put(T0 + 10 * MINUTE),
        works,
      )
      .then(
        // Its PIN can be read nowhere any more.
        onKeypad('PinReserved', { codeId: NEW, pin: null }),
        onCommonCode('CommonCodeJoined', { codeId: NEW, pin: null }),
        left(NEW),
        onKeypad('PinReleased', { codeId: NEW }),
      ));

  it('is given another PIN while it is alone with its key', () =>
    feature
      .given(aLock(), aCode({ commonCodeKey, pin: '1234' }))
      .when(new UpdateAccessCode(caller(), CODE, { code: '7350' }))
      .thenThroughCrashes(
        reserved('7350', CODE),
        onCommonCode('EarlierCodesJoined', { codeIds: [CODE] }),
        joined('7350', CODE),
        onCode('ChangeRequested', { pin: '7350' }),
      ));

  it('is not given another PIN than the others have, but may be given theirs', async () => {
    const change = (code: string) => new UpdateAccessCode(caller(), CODE, { code, name: 'Ann' });
    const mine = () => [
      aCode({ commonCodeKey, pin: '4821' }),
      onCommonCode('CommonCodeJoined', { codeId: CODE, pin: '4821' }, idOf()),
    ];
    await feature.given(aLock(), another(), mine()).when(change('7350')).thenFails(inUse);
    await feature.beginAnew();
    await feature
      .given(aLock(), another(), mine())
      .when(change('4821'))
      .then(onCode('ChangeRequested', { name: 'Ann' }));
  });

  it('is refused another PIN where another code joins at that moment', () => {
    const theirs = onCommonCode('CommonCodeJoined', { codeId: OTHER, pin: '1234' }, idOf());
    const mine = onCommonCode('CommonCodeJoined', { codeId: CODE, pin: '1234' }, idOf());
    return feature
      .given(aLock(), aCode({ commonCodeKey, pin: '1234' }), mine, feature.meanwhile('commonCode-', theirs))
      .when(new UpdateAccessCode(caller(), CODE, { code: '7350' }))
      .thenFails(inUse, reserved('7350', CODE), theirs);
  });

  it('leaves when it is deleted, and the key is free for another PIN', () =>
    feature
      .given(aLock(), another())
      .when(new DeleteAccessCode(caller(), OTHER), create({ code: '1234' }))
      .then(
        onCode('RemovalStarted', {}, OTHER),
        onCode('Removed', {}, OTHER),
        left(OTHER),
        onKeypad('PinReserved', { codeId: OTHER }, GARAGE),
        reserved('1234'),
        joined('1234'),
        requested('1234'),
      ));

  it('binds no other once its removal has begun, though it has not left', () =>
    feature
      .given(aLock(), another(), onCode('RemovalStarted', { cause: 'expired' }, OTHER))
      .when(create({ code: '1234' }))
      .then(reserved('1234'), left(OTHER), joined('1234'), requested('1234')));

  it('leaves when it becomes unmanaged', () =>
    feature
      .given(
        aLock(),
        aCodeOnLock({ commonCodeKey, pin: '1234' }),
        onCommonCode('CommonCodeJoined', { codeId: CODE, pin: '1234' }, idOf()),
      )
      .when(new LetGoOfAccessCode(caller(), CODE))
      .then(onCode('LetGo'), left(CODE), onKeypad('PinReserved', { codeId: CODE, foreign: true })));

  it('binds only codes of its own workspace', async () => {
    const elsewhere = { codeId: NEW, workspaceId: 'workspace-2', commonCodeKey };
    const pins = await feature
      .given(aLock(), another())
      .when(({ streams }) => streams.commonCodes.pinsOf(elsewhere))
      .then();
    expect(pins).toEqual({ others: null, own: null });
  });
});
