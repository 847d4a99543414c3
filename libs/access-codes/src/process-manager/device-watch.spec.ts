import { HOUR, MINUTE } from '@latchkey/platform';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aLock,
  anUnmanagedCode,
  DEVICE,
  type FeatureProcess,
  type Given,
  itIs,
  lockCodeIdOf,
  onAccount,
  onCode,
  onDevice,
  onKeypad,
  useFeature,
  works,
} from '../testing';
import { unmanagedCodeId } from './unknown-codes';

const held = lockCodeIdOf(CODE);
const lockId = 'lock-1';
const isLookedAt = (process: FeatureProcess) => process.deviceWatch.device(DEVICE);
const byHand =
  (change: object): Given =>
  ({ locks }) =>
    locks.changeByHand(lockId, held, change);
const erased: Given = ({ locks }) => locks.eraseByHand(lockId, held);
const theirs = { name: 'Mallory', pin: '8888', window: null };
const put =
  (lockCodeId: string, code = theirs): Given =>
  ({ locks }) =>
    void locks.putByHand(lockId, code, lockCodeId);
const seen = (lockCodeId: string, nth = 0, code: object = theirs) =>
  onCode('UnmanagedCodeSeen', { lockCodeId, content: code }, unmanagedCodeId(DEVICE, lockCodeId, nth));
/** Its PIN counts as taken before the code is recorded. */
const taken = (pin = '8888') => onKeypad('PinReserved', { pin, foreign: true });
const releasedAll = (codeId: string) => onKeypad('PinReleased', { codeId, pinFingerprint: null });
const modified = (fields: readonly string[], accepted: boolean, content: object) =>
  onCode('ModifiedExternally', { fields, accepted, content });

describe('reading a lock back', () => {
  const feature = useFeature();

  it('records nothing while all is as it is known', () =>
    feature
      .given(aLock(), aCodeOnLock(), anUnmanagedCode({ codeId: OTHER, pin: '4321' }))
      .when(isLookedAt)
      .then());

  it.each([
    ['name', { name: 'Eve' }],
    ['code', { pin: '8888' }],
    ['time_frame', { window: { startsAt: T0, endsAt: T0 + HOUR } }],
  ])('records that somebody has changed the %s, which will be put back', async (field, change) => {
    await feature
      .given(aLock(), aCodeOnLock(), byHand(change))
      .when(isLookedAt)
      .then(modified([field], false, {}));
    await feature.when(works).then(onCode('ProgrammingStarted', { operation: 'change' }));
  });

  it('takes over a change that is allowed', async () => {
    await feature
      .given(
        aLock(),
        aCodeOnLock({ externalModificationAllowed: true }),
        byHand({ pin: '8888', name: 'Eve' }),
      )
      .when(isLookedAt)
      .then(modified(['name', 'code'], true, { name: 'Eve', pin: '8888' }));
    await feature.when(works).then(onKeypad('PinReserved', { codeId: CODE, pin: '8888' }));
    expect(feature.locks.calls.map(({ call }) => call)).not.toContain('change');
  });

  it('records that somebody has erased a code, which is set back', async () => {
    await feature
      .given(aLock(), aCodeOnLock(), erased)
      .when(isLookedAt)
      .then(onCode('RemovedExternally', { accepted: false }));
    await feature
      .when(works)
      .then(onCode('ProgrammingStarted', { operation: 'create' }), onCode('ProgrammingAccepted'));
  });

  it('leaves a code off that was erased where that is allowed', async () => {
    await feature
      .given(aLock(), aCodeOnLock({ externalModificationAllowed: true }), erased)
      .when(isLookedAt)
      .then(onCode('RemovedExternally', { accepted: true }));
    await feature.when(works).then();
  });

  it('takes a one-time code that is not there any more for used', () =>
    feature
      .given(aLock({ oneTimeCodes: true }), aCodeOnLock({ isOneTimeUse: true }), erased)
      .when(isLookedAt)
      .then(
        onCode('RemovalStarted', { cause: 'expired' }),
        onCode('Removed', { cause: 'expired', wasOnDevice: true }),
        releasedAll(CODE),
      ));

  it('finds a change that had been given up as unanswered', async () => {
    const lost: Given = ({ locks }) => locks.answerNext({ kind: 'unknown', message: 'timed out' });
    await feature
      .given(aLock(), aCodeOnLock(), onCode('ChangeRequested', { name: 'Ann' }), lost)
      .when(works)
      .then(onCode('ProgrammingStarted', { operation: 'change' }), onCode('CommandUnanswered'));
    await feature
      .given(itIs(T0 + MINUTE))
      .when((process) => process.look(CODE))
      .then(onCode('ProgrammingFailed', { errorCode: 'NO_ANSWER' }));
    await feature
      .given(byHand({ name: 'Ann' }))
      .when(isLookedAt)
      .then(onCode('ProgrammingStarted', { commandId: `found-${held}` }), onCode('ChangedOnDevice'));
  });

  it('records nothing of a code of which something was recorded meanwhile', async () => {
    const meanwhile = onCode('ChangeRequested', { name: 'Ann' });
    await feature
      .given(aLock(), aCodeOnLock(), erased, feature.meanwhile('accessCode-', meanwhile))
      .when(isLookedAt)
      .then(meanwhile);
    await feature.when(isLookedAt).then(onCode('RemovedExternally'));
  });

  describe('finds a code that was not created here', () => {
    it('and follows it from now on', () =>
      feature.given(aLock(), put('L1')).when(isLookedAt, isLookedAt, works).then(taken(), seen('L1')));

    it('that was changed since', async () => {
      const id = unmanagedCodeId(DEVICE, 'L1', 0);
      await feature.given(aLock(), put('L1')).when(isLookedAt).then(taken(), seen('L1'));
      await feature
        .given(({ locks }) => locks.changeByHand(lockId, 'L1', { name: 'Eve', pin: '7777' }))
        .when(works)
        .then(
          onCode('UnmanagedCodeChanged', { content: { name: 'Eve', pin: '7777', window: null } }, id),
          onKeypad('PinReserved', { codeId: id, pin: '7777', foreign: true }),
          onKeypad('PinReleased', { codeId: id, pin: '8888' }),
        );
    });

    it('that is gone again, and another one under the same id', async () => {
      const id = unmanagedCodeId(DEVICE, 'L1', 0);
      await feature.given(aLock(), put('L1')).when(isLookedAt).then(taken(), seen('L1'));
      await feature
        .given(({ locks }) => locks.eraseByHand(lockId, 'L1'))
        .when(isLookedAt)
        .then(onCode('UnmanagedCodeGone', {}, id), releasedAll(id));
      await feature
        .given(put('L1', { ...theirs, pin: '7777' }))
        .when(isLookedAt)
        .then(taken('7777'), seen('L1', 1, { name: 'Mallory', pin: '7777', window: null }));
    });

    it('and leaves it where it may be one of ours whose answer was lost', async () => {
      const lost: Given = ({ locks }) => locks.answerNext('lost');
      await feature
        .given(aLock(), aCode(), lost)
        .when((process) => process.look(CODE))
        .then(onCode('ProgrammingStarted'), onCode('CommandUnanswered'));
      await feature
        .given(({ locks }) => void locks.settle())
        .when(isLookedAt)
        .then(onCode('SetOnDevice'));
    });

    it('and waits for one that the lock has only promised', async () => {
      const promised: Given = async ({ locks }) => {
        await locks.program({ accountId: 'a', maker: 'm', lockId }, theirs);
      };
      await feature.given(aLock(), promised).when(isLookedAt).then();
      await feature
        .given(({ locks }) => void locks.settle())
        .when(isLookedAt)
        .then(taken(), seen(`${lockId}/code-1`));
    });

    it('that another process has found meanwhile', async () => {
      const whose = { workspaceId: 'workspace-1', deviceId: DEVICE, accountId: 'account-1' };
      const id = unmanagedCodeId(DEVICE, 'L1', 0);
      const first = onCode(
        'UnmanagedCodeSeen',
        { codeId: id, ...whose, lockCodeId: 'L1', content: theirs },
        id,
      );
      await feature
        .given(aLock(), put('L1'), feature.meanwhile('accessCode-', first))
        .when(isLookedAt)
        .then(taken(), first);
    });
  });

  describe('is done again', () => {
    const readBackEvery = 24 * HOUR;

    it('within a day, together with others', async () => {
      const next = (await feature.given(aLock()).when(isLookedAt).then()) as number;
      expect(next - T0).toBeGreaterThan(readBackEvery * 0.85);
      expect(next - T0).toBeLessThanOrEqual(readBackEvery);
      expect(next % (30 * MINUTE)).toBe(0);
    });

    it('soon where the lock could not be read', async () => {
      const refused: Given = ({ locks }) =>
        void (locks.outage = { kind: 'unreachable', message: 'no', retryAfterMs: 1 });
      expect(await feature.given(aLock(), refused).when(isLookedAt).then()).toBe(T0 + 10 * MINUTE);
    });

    it.each([
      ['the device was taken out of its account', onDevice('DeviceRemoved')],
      ['the account is not connected', onAccount('AccountDisconnected', { reason: 'gone' })],
      ['its maker is unavailable', onAccount('MakerUnreachable', { reason: 'away' })],
    ])('when something happens, where %s', async (_why, given) => {
      expect(await feature.given(aLock(), given).when(isLookedAt).then()).toBeNull();
      expect(feature.locks.calls).toEqual([]);
    });
  });

  it("that is not possible, is the account's trouble", () =>
    feature
      .given(
        aLock(),
        aCodeOnLock(),
        ({ locks }) => void (locks.outage = { kind: 'unreachable', message: 'away' }),
      )
      .when(isLookedAt)
      .then(onAccount('MakerUnreachable', { reason: 'away' })));
});
