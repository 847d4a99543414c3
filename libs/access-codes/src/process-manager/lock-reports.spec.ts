import { HOUR, MINUTE } from '@latchkey/platform';
import type { LockReport } from '@latchkey/gateways';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aLock,
  ACCOUNT_ID,
  DEVICE,
  type FeatureProcess,
  type Given,
  lockCodeIdOf,
  MAKER,
  onCode,
  onDevice,
  onKeypad,
  type PlainEvent,
  useFeature,
  works,
} from '../testing';

const lockId = 'lock-1';
const held = lockCodeIdOf(CODE);
const programmed = `${lockId}/code-1`;
const at = '2026-06-01T12:00:00.000Z';
const started = onCode('ProgrammingStarted');
const accepted = onCode('ProgrammingAccepted');
const releasedAll = onKeypad('PinReleased', { codeId: CODE, pinFingerprint: null });
const deleted = onCode('RemovalStarted', { cause: 'deleted' });

/** The report comes to the address of an account. */
const comes =
  (report: LockReport, accountId = ACCOUNT_ID) =>
  (process: FeatureProcess) =>
    process.reports.take({ accountId, maker: MAKER }, report);
const outcome = (
  operation: 'created' | 'updated' | 'deleted',
  more: Partial<Extract<LockReport, { kind: 'code-outcome' }>> = {},
): LockReport => ({
  ...{ kind: 'code-outcome', operation, lockId, lockCodeId: programmed, success: true, errorCode: null },
  ...more,
});
const used = (lockCodeId: string | null, id?: string): LockReport => ({
  ...{ kind: 'code-used', lockId, lockCodeId, at },
  ...(id === undefined ? {} : { id }),
});
const atDoor = (type: string, data: PlainEvent['data'] = {}): PlainEvent => ({
  stream: `door-${DEVICE}`,
  type,
  data,
});
const lockDoes: Given = ({ locks }) => void locks.settle();

describe('what a lock reports', () => {
  const feature = useFeature();
  const dueSubjects = async (): Promise<string[]> => {
    const claims = await feature.process.rows.claim(feature.installation.clock.now(), 100);
    await feature.process.rows.releaseThese(claims);
    return claims.map(({ subject }) => subject).sort();
  };

  describe('of a code that it was sent', () => {
    it('makes it be read back: the report alone does not count', async () => {
      await feature.given(aLock(), aCode()).when(works).then(started, accepted);
      expect(await feature.when(comes(outcome('created'))).then()).toBe('taken');
      await feature
        .given(lockDoes)
        .when(comes(outcome('created')))
        .then(onCode('SetOnDevice'));
    });

    it('twice, or late, has no further effect', async () => {
      const report = outcome('created');
      await feature.given(aLock(), aCode()).when(works).then(started, accepted);
      await feature.given(lockDoes).when(comes(report), comes(report)).then(onCode('SetOnDevice'));
      await feature.given(deleted).when(works).then(onCode('RemovalSent'));
      await feature.when(comes(report)).then();
    });

    it('that it failed, counts, and it is tried again', async () => {
      await feature.given(aLock(), aCode()).when(works).then(started, accepted);
      await feature
        .when(comes(outcome('created', { success: false, errorCode: 'LOCK_JAMMED' })))
        .then(onCode('ProgrammingFailed', { errorCode: 'LOCK_JAMMED', kind: 'passing' }));
    });

    it('that it failed by a rule, is final', async () => {
      await feature.given(aLock(), aCode()).when(works).then(started, accepted);
      await feature
        .when(comes(outcome('created', { success: false, errorCode: 'INVALID_PIN' })))
        .then(onCode('ProgrammingFailed', { errorCode: 'INVALID_PIN', kind: 'permanent', retryAt: null }));
    });

    it('of its change, counts by what is read back', async () => {
      await feature
        .given(aLock(), aCodeOnLock(), onCode('ChangeRequested', { name: 'Ann' }))
        .when(works)
        .then(started);
      const changed = comes(outcome('updated', { lockCodeId: held }));
      await feature.when(changed).then();
      await feature.given(lockDoes).when(changed).then(onCode('ChangedOnDevice'));
    });

    it('of its removal, counts by what is read back', async () => {
      await feature.given(aLock(), aCodeOnLock(), deleted).when(works).then(onCode('RemovalSent'));
      const gone = comes(outcome('deleted', { lockCodeId: held }));
      await feature.when(gone).then();
      await feature
        .given(lockDoes)
        .when(gone)
        .then(onCode('Removed', { cause: 'deleted' }), releasedAll);
    });

    it('of its removal, has its PIN erased at once; its row on the agenda finds nothing to do', async () => {
      const gone = comes(outcome('deleted', { lockCodeId: held }));
      await feature.given(aLock(), aCodeOnLock(), deleted).when(works).then(onCode('RemovalSent'));
      await feature.given(lockDoes).when(gone).then(onCode('Removed'), releasedAll);
      expect(await feature.pinOfCode()).toBeNull();
      await feature.process.caughtUp();
      expect(await dueSubjects()).toContain(`code:${CODE}`);
      await feature.when(works).then();
      expect(await dueSubjects()).toEqual([]);
    });

    it('that its removal failed, counts, and it is tried again', async () => {
      await feature.given(aLock(), aCodeOnLock(), deleted).when(works).then(onCode('RemovalSent'));
      const jammed = outcome('deleted', { lockCodeId: held, success: false, errorCode: 'LOCK_JAMMED' });
      await feature.when(comes(jammed)).then(onCode('RemovalFailed', { errorCode: 'LOCK_JAMMED' }));
    });

    it('before its answer is here, waits for that', async () => {
      await feature.given(aLock(), aCode()).when(works).then(started, accepted);
      await feature.beginAnew();
      const sent = onCode('ProgrammingStarted', {
        ...{ commandId: 'c', operation: 'create', lockCodeId: null, attempt: 1 },
        ...{ content: { name: 'Guest', pin: '1234', window: null }, deadline: '2026-06-01T12:01:00.000Z' },
      });
      const onLock: Given = ({ locks }) =>
        void locks.putByHand(lockId, { name: 'Guest', pin: '1234', window: null }, programmed);
      await feature.given(aLock(), aCode(), sent, onLock);
      const before = await feature.countEvents();
      let answer: () => void = () => undefined;
      const call = feature.process.calls.during(DEVICE, new Promise<void>((resolve) => (answer = resolve)));
      let isTaken = false;
      const taking = feature.do(comes(outcome('created'))).finally(() => (isTaken = true));
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(isTaken).toBe(false);
      await feature.given(onCode('ProgrammingAccepted', { commandId: 'c', lockCodeId: programmed }));
      answer();
      await call;
      expect(await taking).toBe('taken');
      expect(await feature.events(before)).toMatchObject([accepted, onCode('SetOnDevice')]);
    });
  });

  it('of a code whose id the lock has just answered, does not wait until the agenda has that', async () => {
    const sent = onCode('ProgrammingStarted', {
      ...{ commandId: 'c', operation: 'create', lockCodeId: null, attempt: 1 },
      ...{ content: { name: 'Guest', pin: '1234', window: null }, deadline: '2026-06-01T12:01:00.000Z' },
    });
    const onLock: Given = ({ locks }) =>
      void locks.putByHand(lockId, { name: 'Guest', pin: '1234', window: null }, programmed);
    const answered = onCode('ProgrammingAccepted', { commandId: 'c', lockCodeId: programmed });
    await feature.given(aLock(), aCode(), sent, answered, onLock);
    const before = await feature.countEvents();
    // As long as the agenda has not folded the answer.
    const asked = jest.spyOn(feature.process.rows, 'codeOf').mockResolvedValue(undefined);
    const lockCode = { deviceId: DEVICE, lockCodeId: programmed, codeId: CODE };
    let end: (result: object) => void = () => undefined;
    void feature.process.calls.during(DEVICE, new Promise<object>((resolve) => (end = resolve)));
    const taking = feature.do(comes(outcome('created')));
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    end({ lockCode });
    expect(await taking).toBe('taken');
    asked.mockRestore();
    expect(await feature.events(before)).toMatchObject([onCode('SetOnDevice')]);
  });

  it('of an unknown code, makes the lock be read back', async () => {
    await feature.given(aLock()).when(works).then();
    expect(await dueSubjects()).not.toContain(`device:${DEVICE}`);
    await feature.when(comes(outcome('created', { lockCodeId: 'theirs' }))).then();
    expect(await dueSubjects()).toContain(`device:${DEVICE}`);
  });

  it('that a code of ours was erased by somebody, is recorded when a read-back shows it', async () => {
    await feature
      .given(aLock(), aCodeOnLock())
      .when(comes(outcome('deleted', { lockCodeId: held })))
      .then();
    await feature
      .given(({ locks }) => locks.eraseByHand(lockId, held))
      .when(comes(outcome('deleted', { lockCodeId: held })))
      .then(onCode('RemovedExternally', { accepted: false }));
  });

  it.each(['online', 'offline', 'low-battery', 'time-wrong', 'added', 'removed'] as const)(
    'of itself (%s) makes its account due',
    async (kind) => {
      await feature.given(aLock()).when(works).then();
      expect(await dueSubjects()).toEqual([]);
      await feature.when(comes({ kind, lockId })).then();
      expect(await dueSubjects()).toEqual([`account:${ACCOUNT_ID}`]);
    },
  );

  it.each([
    ['that is new, makes its account due', 'added', [`account:${ACCOUNT_ID}`]],
    ['that is unknown, is passed over', 'online', []],
  ] as const)('of a lock %s', async (_what, kind, due) => {
    await feature.given(aLock()).when(works).then();
    expect(await feature.when(comes({ kind, lockId: 'lock-9' })).then()).toBe('taken');
    expect(await dueSubjects()).toEqual(due);
  });

  it('to another account does not count for this one', async () => {
    const jammed = outcome('created', { success: false, errorCode: 'LOCK_JAMMED' });
    await feature.given(aLock(), aCode()).when(works).then(started, accepted);
    await feature.when(comes(jammed, 'account-2')).then();
  });

  describe('of its door', () => {
    it('is recorded: which code was used', () =>
      feature
        .given(aLock(), aCodeOnLock())
        .when(comes(used(held)))
        .then(atDoor('DoorUnlocked', { method: 'keycode', codeId: CODE })));

    it('is recorded: that no known code was used', () =>
      feature
        .given(aLock(), aCodeOnLock())
        .when(comes(used(null)), comes(used('theirs', 'r2')))
        .then(atDoor('DoorUnlocked', { codeId: null }), atDoor('DoorUnlocked', { codeId: null })));

    it('is recorded: that somebody was not let in', () =>
      feature
        .given(aLock())
        .when(comes({ kind: 'incorrect-attempt', lockId, at }))
        .then(atDoor('AccessDenied')));

    it('is recorded: that it was locked, and by whom', () =>
      feature
        .given(aLock())
        .when(
          comes({
            ...{ kind: 'action-completed', lockId, actionId: 'a', success: true, errorCode: null },
            ...{ performedVia: 'manual_turn', action: 'lock' },
          }),
        )
        .then(atDoor('DoorLocked', { method: 'manual', actionAttemptId: null })));

    it('twice is recorded once', async () => {
      await feature
        .given(aLock(), aCodeOnLock())
        .when(comes(used(held, 'r1')), comes(used(held, 'r1')))
        .then(atDoor('DoorUnlocked', { codeId: CODE }));
      await feature.restart();
      await feature.when(comes(used(held, 'r1'))).then();
      await feature.when(comes(used(held, 'r2'))).then(atDoor('DoorUnlocked', { codeId: CODE }));
    });

    it.each([
      ['is not managed', onDevice('DeviceConvertedToUnmanaged')],
      ['was taken out of its account', onDevice('DeviceRemoved')],
    ])('is passed over where the device %s', (_why, given) =>
      feature
        .given(aLock(), given)
        .when(comes(used(null)))
        .then(),
    );
  });

  describe('of a code for one time', () => {
    const once = { isOneTimeUse: true, window: { startsAt: T0 - HOUR, endsAt: T0 + HOUR } };

    it('that it was used, ends it', async () => {
      const ended = onCode('RemovalStarted', { cause: 'expired' });
      await feature
        .given(aLock({ oneTimeCodes: true }), aCodeOnLock(once))
        .when(comes(used(held, 'r1')), comes(used(held, 'r1')))
        .then(atDoor('DoorUnlocked', { codeId: CODE }), ended);
    });

    it('is taken later, while it may be one whose id on the lock is not known yet', async () => {
      const lost: Given = ({ locks }) => locks.answerNext('lost');
      await feature
        .given(aLock({ oneTimeCodes: true }), aCode(once), lost)
        .when(works)
        .then(started, onCode('CommandUnanswered'));
      expect(await feature.when(comes(used(programmed))).then()).toBe('again-later');
      expect(await dueSubjects()).toContain(`device:${DEVICE}`);
      await feature.given(lockDoes).when(works).then(onCode('SetOnDevice'));
      await feature
        .when(comes(used(programmed)))
        .then(atDoor('DoorUnlocked', { codeId: CODE }), onCode('RemovalStarted', { cause: 'expired' }));
    });

    it('does not wait for codes that can be used often', async () => {
      const lost: Given = ({ locks }) => locks.answerNext('lost');
      await feature.given(aLock(), aCode(), lost).when(works).then(started, onCode('CommandUnanswered'));
      const result = await feature
        .when(comes(used(programmed)))
        .then(atDoor('DoorUnlocked', { codeId: null }));
      expect(result).toBe('taken');
    });

    it('that others were used, leaves it', () =>
      feature
        .given(aLock({ oneTimeCodes: true }), aCodeOnLock(once), aCodeOnLock({ codeId: OTHER, pin: '4321' }))
        .when(comes(used(lockCodeIdOf(OTHER))))
        .then(atDoor('DoorUnlocked', { codeId: OTHER })));
  });

  it('late, of a command that has run out, changes nothing', async () => {
    await feature.given(aLock(), aCode()).when(works).then(started, accepted);
    feature.locks.settle('LOCK_JAMMED');
    await feature
      .given(({ clock }) => clock.put(T0 + MINUTE))
      .when(works)
      .then(onCode('ProgrammingFailed', { errorCode: 'NO_ANSWER' }));
    await feature.when(comes(outcome('created', { success: false, errorCode: 'LOCK_JAMMED' }))).then();
  });
});
