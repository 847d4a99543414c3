import { HOUR, iso, MINUTE, SECOND } from '@latchkey/platform';
import type { Refusal } from '@latchkey/gateways';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aLock,
  type FeatureProcess,
  type Given,
  locksSettle,
  lockCodeIdOf,
  onAccount,
  onCode,
  onDevice,
  onKeypad,
  type PlainEvent,
  READ_BACK_AFTER,
  stored,
  useFeature,
  works,
  worksAt,
} from '../testing';

const held = lockCodeIdOf(CODE);
const itIs =
  (instant: number): Given =>
  ({ clock }) =>
    clock.put(instant);
const started = (more: object = {}, codeId = CODE) =>
  onCode('ProgrammingStarted', { operation: 'create', ...more }, codeId);
const accepted = onCode('ProgrammingAccepted');
const failed = (errorCode: string, kind: string, codeId = CODE) =>
  onCode('ProgrammingFailed', { errorCode, kind }, codeId);
const set = onCode('SetOnDevice');
const unanswered = onCode('CommandUnanswered');
const deleted = onCode('RemovalStarted', { cause: 'deleted' });
const removalSent = onCode('RemovalSent', { purpose: 'removal' });
const answers =
  (answer: Refusal | 'lost'): Given =>
  ({ locks }) =>
    locks.answerNext(answer);
const refuses = (errorCode: string) => answers({ kind: 'refused', errorCode, message: 'no' });
const outage =
  (answer: Refusal | undefined): Given =>
  ({ locks }) =>
    void (locks.outage = answer);
const unreachable: Refusal = { kind: 'unreachable', message: 'connection refused' };
const written = (process: FeatureProcess) => process.locks.calls.filter(({ call }) => call !== 'list');
const later = 10 * MINUTE + SECOND;

describe('what a lock answers', () => {
  const feature = useFeature();

  it.each(['INVALID_PIN', 'INVALID_PIN_FORMAT', 'SCHEDULE_NOT_SUPPORTED', 'PIN_CANNOT_BE_SPECIFIED'])(
    'for good (%s) is not sent again until the code is changed',
    async (errorCode) => {
      await feature
        .given(aLock(), aCode(), refuses(errorCode))
        .when(works)
        .then(started(), onCode('ProgrammingFailed', { errorCode, kind: 'permanent', retryAt: null }));
      await feature.when(worksAt(T0 + 24 * HOUR)).then(onCode('SettingDelayed'));
      await feature.given(onCode('ChangeRequested', {})).when(works).then(started(), accepted);
    },
  );

  it.each(['LOCK_JAMMED', 'UNKNOWN'])(
    'for now (%s) is tried again, after longer each time',
    async (errorCode) => {
      await feature
        .given(aLock(), aCode(), refuses(errorCode), refuses(errorCode))
        .when(works)
        .then(started({ attempt: 1 }), failed(errorCode, 'passing'));
      const first = await pauseOf();
      expect(first).toBeGreaterThan(0);
      await feature.when(worksAt(T0 + first - 1)).then();
      await feature.when(worksAt(T0 + first)).then(started({ attempt: 2 }), failed(errorCode, 'passing'));
      const second = (await pauseOf()) - first;
      expect(second).toBeGreaterThan(first);
      await feature.when(worksAt(T0 + first + second)).then(started({ attempt: 3 }), accepted);
    },
  );

  it.each(['PIN_CONFLICT', 'LOCK_FULL'])(
    'because of what else is on it (%s) is tried again when something leaves it',
    async (errorCode) => {
      await feature
        .given(aLock(), aCode(), refuses(errorCode))
        .when(works)
        .then(started(), failed(errorCode, 'keypad'));
      await feature
        .given(itIs(T0 + 1), onKeypad('PinReleased', { codeId: OTHER, pinFingerprint: null }))
        .when(works)
        .then(started({ attempt: 2 }), accepted);
    },
  );

  it('because it is offline, is tried again when it is back', async () => {
    await feature
      .given(aLock(), aCode(), ({ locks }) => locks.setOnline('lock-1', false))
      .when(works)
      .then(started(), failed('DEVICE_OFFLINE', 'offline'));
    await feature
      .given(
        onDevice('DeviceDisconnected', { errorCode: 'device_disconnected' }),
        ({ clock, locks }) => {
          clock.put(T0 + 1);
          locks.setOnline('lock-1', true);
        },
        onDevice('DeviceConnected'),
      )
      .when(works)
      .then(started({ attempt: 2 }), accepted);
  });

  it('about a name, makes the lock be sent a plainer one, and then a longer one', async () => {
    const name = 'Zoë & Ann, the Smiths';
    await feature
      .given(aLock(), aCode({ name }), refuses('INVALID_NAME'), refuses('NAME_CONFLICT'))
      .when(works, worksAt(T0 + MINUTE), worksAt(T0 + later), worksAt(T0 + 2 * later))
      .then(
        started({ content: { name, pin: '1234', window: null } }),
        failed('INVALID_NAME', 'passing'),
        started({ attempt: 2 }),
        failed('NAME_CONFLICT', 'keypad'),
        onCode('SettingDelayed'),
        started({ attempt: 3 }),
        accepted,
      );
    const told = written(feature.process).map(({ code }) => code!.name);
    expect(told).toEqual([name, 'Zoe Ann the', expect.stringMatching(/^Zoe A\w* [0-9A-Z]{5,6}$|^Zoe/)]);
    expect(new Set(told).size).toBe(3);
    const contents = (await feature.events()).filter(({ type }) => type === 'ProgrammingStarted');
    // The code keeps the name that was requested, whatever the lock was sent.
    expect(contents.map(({ data }) => (data.content as { name: string }).name)).toEqual([name, name, name]);
  });

  it('about a start that has passed, makes the lock be sent a later one', async () => {
    const window = { startsAt: T0 - HOUR, endsAt: T0 + HOUR };
    await feature
      .given(aLock({ codeConstraints: [{ constraintType: 'start_date_in_future' }] }), aCode({ window }))
      .when(works)
      .then(
        started({
          content: {
            ...{ name: 'Guest', pin: '1234', window: stored(window) },
            told: { name: 'Guest', window: { startsAt: iso(T0 + MINUTE), endsAt: iso(window.endsAt) } },
          },
        }),
        accepted,
      );
    await feature.when(locksSettle()).then(onCode('ScheduledOnDevice'));
    expect(feature.locks.opens('lock-1', '1234')).toBe(false);
    await feature.when(worksAt(T0 + MINUTE)).then(onCode('SetOnDevice', { commandId: null }));
    expect(feature.locks.opens('lock-1', '1234')).toBe(true);
  });

  it('that the code is not there to be removed, counts as its removal', () =>
    feature
      .given(aLock(), aCodeOnLock(), deleted, refuses('NOT_FOUND'))
      .when(works)
      .then(removalSent, onCode('Removed', { cause: 'deleted' }), onKeypad('PinReleased')));

  it('that the code is not there to be changed, is recorded, and the code is set again', () =>
    feature
      .given(...[aLock(), aCodeOnLock(), onCode('ChangeRequested', { name: 'Ann' })], ({ locks }) =>
        locks.eraseByHand('lock-1', held),
      )
      .when((process) => process.look(CODE))
      .then(
        onCode('ProgrammingStarted', { operation: 'change' }),
        onCode('RemovedExternally', { accepted: false }),
        started(),
        accepted,
      ));

  it('to a removal, never makes it be given up', async () => {
    await feature
      .given(aLock(), aCodeOnLock(), deleted, refuses('INVALID_PIN'))
      .when(works)
      .then(removalSent, onCode('RemovalFailed', { errorCode: 'INVALID_PIN', kind: 'passing' }));
    await feature.when(worksAt(T0 + later)).then(onCode('RemovalDelayed'), removalSent);
  });

  describe('nothing', () => {
    it('makes it be read back soon: it has done it', async () => {
      await feature.given(aLock(), aCode(), answers('lost')).when(works).then(started(), unanswered);
      feature.locks.settle();
      await feature.when(worksAt(T0 + READ_BACK_AFTER - 1)).then();
      await feature.when(worksAt(T0 + READ_BACK_AFTER)).then(set);
      expect(written(feature.process)).toHaveLength(1);
    });

    it('makes it be read back until the command has run out, and be sent it again: it has not done it', async () => {
      await feature
        .given(aLock(), aCode(), answers({ kind: 'unknown', message: 'timed out' }))
        .when(works)
        .then(started(), unanswered);
      await feature.when(worksAt(T0 + READ_BACK_AFTER), worksAt(T0 + 30 * SECOND)).then();
      await feature.when(worksAt(T0 + MINUTE)).then(failed('NO_ANSWER', 'passing'));
      await feature.when(worksAt(T0 + 2 * MINUTE)).then(started({ attempt: 2 }), accepted);
    });

    it('and then a PIN that it has already, makes it be read back: that was ours', async () => {
      await feature
        .given(aLock(), aCode(), answers({ kind: 'unknown', message: 'timed out' }))
        .when(works, worksAt(T0 + MINUTE))
        .then(started(), unanswered, failed('NO_ANSWER', 'passing'));
      // The first command came late, and was done.
      feature.locks.putByHand('lock-1', { name: 'Guest', pin: '1234', window: null }, 'late');
      await feature
        .when(worksAt(T0 + 2 * MINUTE))
        .then(
          started({ attempt: 2 }),
          failed('PIN_CONFLICT', 'keypad'),
          onCode('ProgrammingStarted', { commandId: 'found-late', operation: 'create', lockCodeId: 'late' }),
          onCode('SetOnDevice', { lockCodeId: 'late' }),
        );
    });

    it('to a removal, makes it be read back: it is gone', async () => {
      await feature
        .given(aLock(), aCodeOnLock(), deleted, answers('lost'))
        .when(works)
        .then(removalSent, unanswered);
      feature.locks.settle();
      await feature
        .when(worksAt(T0 + READ_BACK_AFTER))
        .then(onCode('Removed', { cause: 'deleted' }), onKeypad('PinReleased'));
    });

    it('to a change, makes it be read back: it holds what it was sent', async () => {
      await feature
        .given(aLock(), aCodeOnLock(), onCode('ChangeRequested', { name: 'Ann' }), answers('lost'))
        .when(works)
        .then(onCode('ProgrammingStarted', { operation: 'change' }), unanswered);
      feature.locks.settle();
      await feature.when(worksAt(T0 + READ_BACK_AFTER)).then(onCode('ChangedOnDevice'));
    });
  });

  it('to a removal, is waited for, and asked for again, also once the key of the PIN is erased', async () => {
    await feature
      .given(aLock(), aCodeOnLock(), deleted, answers({ kind: 'unknown', message: 'timed out' }))
      .when(works)
      .then(removalSent, unanswered);
    await feature
      .given(({ vault }) => vault.erase(CODE))
      .when(worksAt(T0 + MINUTE))
      .then(onCode('RemovalFailed', { errorCode: 'NO_ANSWER' }));
    await feature.when(worksAt(T0 + 2 * MINUTE)).then(removalSent);
    feature.locks.settle();
    await feature
      .when(worksAt(T0 + 3 * MINUTE))
      .then(onCode('Removed', { cause: 'deleted' }), onKeypad('PinReleased'));
  });

  describe('that its maker is unavailable', () => {
    it("is the account's trouble, recorded once, and not a failure of the codes", async () => {
      await feature
        .given(aLock(), aCode(), aCode({ codeId: OTHER, pin: '4321' }), outage(unreachable))
        .when(
          (process) => process.look(CODE),
          (process) => process.look(OTHER),
        )
        .then(
          started(),
          failed('UNREACHABLE', 'outage'),
          onAccount('MakerUnreachable', { reason: 'connection refused' }),
        );
      await feature
        .given(outage(undefined), itIs(T0 + MINUTE), onAccount('MakerReachable'))
        .when((process) => process.look(CODE))
        .then(started({ attempt: 1 }), accepted);
    });

    it('is not an outage where it only asks for some time', async () => {
      await feature
        .given(aLock(), aCode(), answers({ ...unreachable, retryAfterMs: 42_000 }))
        .when(works)
        .then(
          started(),
          onCode('ProgrammingFailed', {
            ...{ errorCode: 'UNREACHABLE', kind: 'outage', retryAt: iso(T0 + 42_000) },
          }),
        );
      await feature.when(worksAt(T0 + 42_000)).then(started({ attempt: 1 }), accepted);
    });

    it("found out while it is read back, is the account's trouble too", async () => {
      await feature.given(aLock(), aCode(), answers('lost')).when(works).then(started(), unanswered);
      await feature
        .given(outage(unreachable))
        .when(worksAt(T0 + READ_BACK_AFTER))
        .then(onAccount('MakerUnreachable'));
      feature.locks.settle();
      await feature.given(outage(undefined), onAccount('MakerReachable')).when(works).then(set);
    });
  });

  it('that our access was withdrawn, is recorded for the account and each code; later the lock is read back', async () => {
    const unauthorized: Refusal = { kind: 'unauthorized', message: 'the grant is gone' };
    await feature
      .given(aLock(), aCode(), aCodeOnLock({ codeId: OTHER, pin: '4321' }), outage(unauthorized))
      .when((process) => process.look(CODE), works)
      .then(
        started(),
        failed('UNAUTHORIZED', 'outage'),
        onAccount('AccountDisconnected', { reason: 'the grant is gone' }),
        onCode('ConnectionLost'),
        onCode('ConnectionLost', {}, OTHER),
      );
    await feature
      .given(itIs(T0 + 1), outage(undefined), onAccount('AccountReconnected'))
      .when((process) => process.look(CODE))
      .then(onCode('ConnectionRestored'), started(), accepted);
    await feature.when((process) => process.look(OTHER)).then(onCode('ConnectionRestored', {}, OTHER));
  });

  describe('is not asked where the vault', () => {
    it('has erased the PIN: it can never be sent', async () => {
      await feature
        .given(aLock(), aCode(), ({ vault }) => vault.erase(CODE))
        .when(works)
        .then(started({ content: { name: 'Guest', pin: null } }), failed('INVALID_PIN', 'permanent'));
      expect(written(feature.process)).toEqual([]);
    });

    it('lacks the key of the PIN: it may come back with a backup', async () => {
      const pin = { keyId: 'lost', box: 'box' };
      const [, requested] = aCode() as unknown as readonly [PlainEvent, PlainEvent];
      await feature
        .given(aLock(), { ...onCode('CodeRequested'), data: { ...requested.data, pin, pinFingerprint: 'f' } })
        .when(works)
        .then(onKeypad('PinReserved'), started(), failed('PIN_UNREADABLE', 'passing'));
      expect(written(feature.process)).toEqual([]);
    });
  });

  /** When the last failure is tried again, ms from T0. */
  async function pauseOf(): Promise<number> {
    const last = (await feature.events()).findLast(({ type }) => type === 'ProgrammingFailed');
    return Date.parse(last!.data.retryAt as string) - T0;
  }
});
