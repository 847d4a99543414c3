import { HOUR, iso, MINUTE, SECOND } from '@latchkey/platform';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aDevice,
  aLock,
  anUnmanagedCode,
  DEVICE,
  type FeatureProcess,
  itIs,
  locksSettle,
  lockCodeIdOf,
  NOT_NATIVE,
  onAccount,
  onCode,
  onDevice,
  onKeypad,
  stored,
  useFeature,
  works,
  worksAt,
} from '../testing';

const DAY = 24 * HOUR;
const stay = { startsAt: T0 + 10 * DAY, endsAt: T0 + 12 * DAY };
const now = { startsAt: T0 - HOUR, endsAt: T0 + DAY };
const held = lockCodeIdOf(CODE);
const started = (more: object = {}, codeId = CODE) =>
  onCode('ProgrammingStarted', { operation: 'create', ...more }, codeId);
const accepted = (codeId = CODE) => onCode('ProgrammingAccepted', {}, codeId);
const set = (codeId = CODE) => onCode('SetOnDevice', { commandId: expect.any(String) }, codeId);
const expired = onCode('RemovalStarted', { cause: 'expired' });
const deleted = onCode('RemovalStarted', { cause: 'deleted' });
const removalSent = onCode('RemovalSent', { lockCodeId: held, purpose: 'removal' });
const removed = (cause: 'deleted' | 'expired') => onCode('Removed', { cause, wasOnDevice: true });
const released = (pin: string | null = null) => onKeypad('PinReleased', { codeId: CODE, pin });
const releasedAll = onKeypad('PinReleased', { codeId: CODE, pinFingerprint: null });
const written = (process: FeatureProcess) => process.locks.calls.filter(({ call }) => call !== 'list');

describe('working a code through', () => {
  const feature = useFeature();

  describe('that is to be on its lock', () => {
    it('sends it to the lock, and relies on the lock’s report alone', async () => {
      await feature
        .given(aLock(), aCode())
        .when(works)
        .then(
          started({ attempt: 1, lockCodeId: null, content: { name: 'Guest', pin: '1234', window: null } }),
          accepted(),
        );
      expect(written(feature.process)).toEqual([
        { call: 'program', lockId: 'lock-1', code: { name: 'Guest', pin: '1234', window: null } },
      ]);
      expect(feature.locks.opens('lock-1', '1234')).toBe(false);
      await feature.when(locksSettle()).then(set());
      expect(feature.locks.opens('lock-1', '1234')).toBe(true);
    });

    it('ahead of its window is left to a lock that keeps it, 72 hours before', async () => {
      await feature
        .given(aLock(), aCode({ window: stay }))
        .when(works)
        .then();
      await feature.when(worksAt(stay.startsAt - 72 * HOUR - 1)).then();
      await feature
        .when(worksAt(stay.startsAt - 72 * HOUR))
        .then(started({ content: { name: 'Guest', pin: '1234', window: stored(stay) } }), accepted());
      await feature.when(locksSettle()).then(onCode('ScheduledOnDevice'));
      await feature.when(worksAt(stay.startsAt - 1)).then();
      await feature.when(worksAt(stay.startsAt)).then(onCode('SetOnDevice', { commandId: null }));
    });

    it('is put onto a lock that keeps no windows just in time, without one', async () => {
      await feature
        .given(aLock(NOT_NATIVE), aCode({ window: stay }))
        .when(worksAt(stay.startsAt - HOUR - 1))
        .then();
      await feature
        .when(worksAt(stay.startsAt - HOUR))
        .then(started({ content: { name: 'Guest', pin: '1234', window: null } }), accepted());
    });

    it('for one time is sent as such', async () => {
      await feature
        .given(aLock({ oneTimeCodes: true }), aCode({ isOneTimeUse: true }))
        .when(works)
        .then(started(), accepted());
      expect(written(feature.process)[0]!.code).toMatchObject({ oneTime: true });
    });

    it('is recorded as late when it is, and as missed when its stay begins without it', async () => {
      const offline = { kind: 'refused', errorCode: 'DEVICE_OFFLINE', message: 'no' } as const;
      const soon = { startsAt: T0 + 30 * MINUTE, endsAt: T0 + HOUR };
      await feature
        .given(aLock(NOT_NATIVE), aCode({ window: soon }), ({ locks }) => locks.setOnline('lock-1', false))
        .when(works)
        .then(started(), onCode('ProgrammingFailed', { errorCode: offline.errorCode, kind: 'offline' }));
      feature.locks.setOnline('lock-1', true);
      feature.process.bounds = () => ({ earliest: T0 + 30 * MINUTE, latest: T0 + 30 * MINUTE });
      await feature.when(worksAt(T0 + 30 * MINUTE)).then(
        // Both are true by now, and recorded with the next try.
        onCode('SettingDelayed'),
        onCode('StartMissed'),
        started({ attempt: 2 }),
        accepted(),
      );
    });
  });

  describe('that is to be changed on its lock', () => {
    it('changes it there, and releases the PIN that it had', async () => {
      await feature
        .given(aLock(), aCodeOnLock(), onKeypad('PinReserved', { codeId: CODE, pin: '4321', window: null }))
        .when(works)
        .then();
      await feature
        .given(onCode('ChangeRequested', { pin: '4321', name: 'Ann' }))
        .when(works)
        .then(
          started({
            operation: 'change',
            lockCodeId: held,
            content: { name: 'Ann', pin: '4321', window: null },
          }),
        );
      expect(feature.locks.calls.at(-1)).toMatchObject({ call: 'change', lockCodeId: held });
      await feature
        .when(locksSettle(), worksAt(T0 + 5 * MINUTE))
        .then(onCode('ChangedOnDevice'), released('1234'));
      expect(feature.locks.opens('lock-1', '4321')).toBe(true);
    });

    it('takes it off for now, where its window has moved away, and puts it back', async () => {
      await feature
        .given(
          aLock(NOT_NATIVE),
          aCodeOnLock(),
          onKeypad('PinReserved', { codeId: CODE, pin: '1234', window: stored(stay) }),
          onCode('ChangeRequested', { schedule: stored(stay) }),
        )
        .when(works)
        .then(onCode('RemovalSent', { lockCodeId: held, purpose: 'withdrawal' }));
      await feature.when(locksSettle()).then(onCode('WithdrawnFromDevice'));
      await feature.when(worksAt(stay.startsAt - HOUR)).then(started(), accepted());
    });

    it('reserves the PIN that somebody else, who is allowed to, has given it', () =>
      feature
        .given(
          aLock(),
          aCodeOnLock({ externalModificationAllowed: true }),
          onCode('ModifiedExternally', {
            fields: ['code'],
            content: { name: 'Guest', pin: '8888', window: null },
            accepted: true,
          }),
          ({ locks }) => locks.changeByHand('lock-1', held, { pin: '8888' }),
        )
        .when(worksAt(T0 + 5 * MINUTE))
        .then(onKeypad('PinReserved', { codeId: CODE, pin: '8888' }), released('1234')));

    it('keeps a PIN that another code got first', async () => {
      const theirs = onKeypad('PinReserved', { codeId: OTHER, pin: '8888', window: null });
      await feature
        .given(
          aLock(),
          aCodeOnLock({ externalModificationAllowed: true }),
          onCode('ModifiedExternally', {
            fields: ['code'],
            content: { name: 'Guest', pin: '8888', window: null },
            accepted: true,
          }),
          feature.meanwhile('keypad-', theirs),
        )
        .when((process) => process.look(CODE))
        .then(theirs);
    });
  });

  describe('that is to be removed', () => {
    it('takes it off the lock when its stay ends, and erases its PIN when it is gone', async () => {
      await feature
        .given(aLock(), aCodeOnLock({ window: now }))
        .when(worksAt(now.endsAt))
        .then(expired, removalSent);
      await feature.when(locksSettle()).then(removed('expired'), releasedAll);
      const [first] = await feature.events();
      expect(first).toMatchObject(onAccount('AccountConnected'));
      expect(await feature.pinOfCode()).toBeNull();
    });

    it('keeps the PIN of one that has expired where it stays readable, until it is deleted', async () => {
      feature.process.keepsExpired = true;
      await feature
        .given(aLock(), aCodeOnLock({ window: now }))
        .when(worksAt(now.endsAt), locksSettle())
        .then(expired, removalSent, removed('expired'), releasedAll);
      expect(await feature.pinOfCode()).toBe('1234');
      await feature.given(onCode('Forgotten')).when(works).then();
      expect(await feature.pinOfCode()).toBeNull();
    });

    it('erases the PIN of one that was deleted, also where expired ones stay readable', async () => {
      feature.process.keepsExpired = true;
      await feature
        .given(aLock(), aCodeOnLock(), deleted)
        .when(works, locksSettle())
        .then(removalSent, removed('deleted'), releasedAll);
      expect(await feature.pinOfCode()).toBeNull();
    });

    it('is recorded as late when it is, and is tried again', async () => {
      const noAnswer = onCode('RemovalFailed', { errorCode: 'NO_ANSWER', kind: 'passing' });
      await feature
        .given(aLock(), aCodeOnLock(), deleted)
        .when(works, worksAt(T0 + 6 * MINUTE))
        .then(removalSent, onCode('RemovalDelayed'), noAnswer);
      feature.locks.settle('LOCK_JAMMED');
      await feature
        .when(worksAt(T0 + 7 * MINUTE))
        .then(onCode('RemovalSent', { lockCodeId: held, attempt: 2 }));
    });

    it('that is on no lock is gone at once', () =>
      feature
        .given(aLock(), aCode({ window: stay }), deleted)
        .when(works)
        .then(onCode('Removed', { cause: 'deleted', wasOnDevice: false }), releasedAll));

    it('whose device was removed need not be taken off', () =>
      feature
        .given(aLock(), aCodeOnLock(), onDevice('DeviceRemoved'), deleted)
        .when(works)
        .then(removed('deleted'), releasedAll));

    it('stays on a lock that has gone from its account, until its stay ends', async () => {
      await feature
        .given(aLock(), aCodeOnLock({ window: now }), onDevice('DeviceRemoved'))
        .when(works)
        .then();
      await feature.when(worksAt(now.endsAt)).then(expired, removed('expired'), releasedAll);
    });

    it('is abandoned with a device that is deleted here', () =>
      feature
        .given(aLock(), aCodeOnLock(), onDevice('DeviceDeleted', { intake: 1 }))
        .when(works)
        .then(
          deleted,
          onCode('Removed', { cause: 'deleted', wasOnDevice: true, leftOnLock: true }),
          releasedAll,
        ));

    it('becomes unmanaged with a device that is no longer managed', () =>
      feature
        .given(aLock(), aCodeOnLock(), onDevice('DeviceConvertedToUnmanaged'))
        .when(works, worksAt(T0 + 5 * MINUTE))
        .then(onCode('LetGo'), onKeypad('PinReserved', { codeId: CODE, foreign: true })));
  });

  describe('that is unmanaged', () => {
    it('reserves its PIN, so that no other code gets it, and sends nothing to the lock', async () => {
      const [seen, , byHand] = anUnmanagedCode() as [never, never, never];
      await feature
        .given(aLock(), seen, byHand)
        .when(works)
        .then(onKeypad('PinReserved', { codeId: CODE, pin: '1234', foreign: true }));
      expect(written(feature.process)).toEqual([]);
    });

    it('releases its former PIN', () =>
      feature
        .given(
          aLock(),
          anUnmanagedCode(),
          onCode('UnmanagedCodeChanged', { content: { name: 'Neighbour', pin: '4321', window: null } }),
          ({ locks }) => locks.changeByHand('lock-1', held, { pin: '4321' }),
        )
        .when(works)
        .then(onKeypad('PinReserved', { codeId: CODE, pin: '4321', foreign: true }), released('1234')));

    it('is out of sight with its device', () =>
      feature
        .given(aLock(), anUnmanagedCode(), onDevice('DeviceRemoved'))
        .when(works)
        .then(onCode('UnmanagedCodeGone'), releasedAll));
  });

  describe('whose lock is busy', () => {
    it('waits for its turn', async () => {
      await feature
        .given(aLock(), aCode(), aCode({ codeId: OTHER, pin: '4321' }))
        .when(works)
        .then(started(), accepted());
      await feature.when(locksSettle()).then(set(), started({}, OTHER), accepted(OTHER));
      await feature.when(locksSettle()).then(set(OTHER));
    });

    it('waits no longer than until the command has run out', async () => {
      await feature
        .given(aLock(), aCode(), aCode({ codeId: OTHER, pin: '4321' }))
        .when(works)
        .then(started(), accepted());
      const failed = onCode('ProgrammingFailed', { errorCode: 'NO_ANSWER', kind: 'passing' });
      feature.locks.settle('LOCK_JAMMED');
      await feature.when(worksAt(T0 + MINUTE)).then(failed, started({}, OTHER), accepted(OTHER));
    });

    it('is reported as over anyway', async () => {
      await feature
        .given(
          aLock(),
          aCodeOnLock({ window: now }),
          itIs(now.endsAt - SECOND),
          aCode({ codeId: OTHER, pin: '4321' }),
        )
        .when(works)
        .then(started({}, OTHER), accepted(OTHER));
      await feature.when(worksAt(now.endsAt)).then(expired);
      await feature.when(locksSettle()).then(set(OTHER), removalSent);
    });

    it('does not wait for another lock', () =>
      feature
        .given(aLock(), aDevice({}, 'device-2'), aCode(), aCode({ codeId: OTHER, deviceId: 'device-2' }))
        .when(
          (process) => process.look(CODE),
          (process) => process.look(OTHER),
        )
        .then(started(), accepted(), started({}, OTHER), accepted(OTHER)));
  });

  describe('while another process does, too', () => {
    it('sends nothing where they were faster, and looks at what they did', async () => {
      const theirs = onCode('ChangeRequested', { name: 'Ann' });
      await feature
        .given(aLock(), aCode(), feature.meanwhile('accessCode-', theirs))
        .when(works)
        .then(theirs, started({ content: { name: 'Ann', pin: '1234', window: null } }), accepted());
      expect(written(feature.process)).toHaveLength(1);
    });

    it('sends nothing where they have sent it', async () => {
      const theirs = onCode('ProgrammingStarted', {
        ...{ commandId: 'theirs', operation: 'create', lockCodeId: null, attempt: 1 },
        ...{ content: { name: 'Guest', pin: '1234', window: null }, deadline: iso(T0 + MINUTE) },
      });
      await feature
        .given(aLock(), aCode(), feature.meanwhile('accessCode-', theirs))
        .when(works)
        .then(theirs);
      expect(written(feature.process)).toEqual([]);
      // The lock is free for others as soon as it is known that nothing was sent.
      expect(await feature.process.rows.lockFreeAt(DEVICE)).toBe(T0 + MINUTE);
    });

    it('records nothing that they have recorded', async () => {
      await feature
        .given(
          ...[aLock(), aCode({ window: now }), onDevice('DeviceRemoved'), itIs(now.endsAt)],
          feature.meanwhile('accessCode-', expired),
        )
        .when(works)
        .then(expired, onCode('Removed', { cause: 'expired', wasOnDevice: false }), releasedAll);
    });
  });

  describe('after a crash', () => {
    it('before the lock was asked, reads it back when the command has run out, and asks it', async () => {
      await feature.given(aLock(), aCode());
      feature.process.store.dieAfter(1);
      await expect(feature.do((process) => process.look(CODE))).rejects.toThrow('died');
      expect(written(feature.process)).toEqual([]);
      await feature.restart();
      await feature.when(works).then();
      await feature
        .when(worksAt(T0 + MINUTE))
        .then(onCode('ProgrammingFailed', { errorCode: 'NO_ANSWER', kind: 'passing' }));
      await feature.when(worksAt(T0 + 2 * MINUTE)).then(started({ attempt: 2 }), accepted());
    });

    it('before its answer was taken, finds what the lock has done, and does not ask it again', async () => {
      await feature.given(aLock(), aCode());
      feature.process.store.before(`accessCode-${CODE}`, () => {
        feature.process.store.before(`accessCode-${CODE}`, () =>
          Promise.resolve(feature.process.store.dieAfter(0)),
        );
        return Promise.resolve();
      });
      await expect(feature.do((process) => process.look(CODE))).rejects.toThrow('died');
      feature.locks.settle();
      await feature.restart();
      await feature.when(worksAt(T0 + MINUTE)).then(set());
      expect(written(feature.process)).toHaveLength(1);
    });

    it('after the removal was sent, finds it done', async () => {
      await feature.given(aLock(), aCodeOnLock(), deleted);
      feature.process.store.dieAfter(1);
      await expect(feature.do((process) => process.look(CODE))).rejects.toThrow('died');
      feature.locks.eraseByHand('lock-1', held);
      await feature.restart();
      await feature.when(worksAt(T0 + MINUTE)).then(removed('deleted'), releasedAll);
    });

    it('before its PIN was released, erases and releases it', async () => {
      await feature.given(aLock(), aCode({ window: stay }), deleted);
      feature.process.store.dieAfter(1);
      await expect(feature.do((process) => process.look(CODE))).rejects.toThrow('died');
      await feature.restart();
      await feature.when(works).then(releasedAll);
    });
  });
});
