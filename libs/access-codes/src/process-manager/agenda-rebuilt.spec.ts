import { HOUR, MINUTE } from '@latchkey/platform';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aLock,
  ACCOUNT_ID,
  DEVICE,
  type FeatureProcess,
  itIs,
  NOT_NATIVE,
  onCode,
  onKeypad,
  useFeature,
  works,
  worksAt,
} from '../testing';

const stay = { startsAt: T0 + 2 * HOUR, endsAt: T0 + 4 * HOUR };
const arranged = (process: FeatureProcess) => process.nextLooks.arrange();
/** Two at the same time, each with shares of its own. @returns what both together have put off */
const arrangedByTwo = async (process: FeatureProcess) => {
  let share = 0;
  const one = () => process.nextLooks.arrangeShares(() => share++);
  const [first, second] = await Promise.all([one(), one()]);
  return first + second;
};
/** The state after the agenda was built again. */
const allDue = (process: FeatureProcess) => process.rows.makeAllDue();
const deleted = onCode('RemovalStarted', { cause: 'deleted' });
const gone = onCode('Removed', { cause: 'deleted', wasOnDevice: false });

describe('after the agenda was built again, it is known from their states what codes wait for', () => {
  const feature = useFeature();
  const due = async (): Promise<string[]> => {
    const claims = await feature.process.rows.claim(feature.installation.clock.now(), 100);
    await feature.process.rows.releaseThese(claims);
    return claims.map(({ subject }) => subject).sort();
  };
  const others = [`account:${ACCOUNT_ID}`, `device:${DEVICE}`];

  it('those that wait are put off until then', async () => {
    expect(
      await feature
        .given(aLock(NOT_NATIVE), aCode({ window: stay }))
        .when(allDue, arranged)
        .then(),
    ).toBe(1);
    expect(await due()).toEqual(others);
    await feature
      .when(worksAt(stay.startsAt - HOUR))
      .then(onCode('ProgrammingStarted'), onCode('ProgrammingAccepted'));
  });

  it('by two at a time as by one', async () => {
    const given = [
      aLock(NOT_NATIVE),
      aCode({ window: stay }),
      aCode({ codeId: OTHER, pin: '9876', window: stay }),
    ];
    expect(
      await feature
        .given(...given)
        .when(allDue, arrangedByTwo)
        .then(),
    ).toBe(2);
    expect(await due()).toEqual(others);
  });

  it('those that have something to be done are left due', async () => {
    expect(await feature.given(aLock(), aCode()).when(allDue, arranged).then()).toBe(0);
    expect(await due()).toEqual([...others, `code:${CODE}`].sort());
  });

  it('those that are gone and cleaned up are never due again', async () => {
    const released = onKeypad('PinReleased', { codeId: CODE, pinFingerprint: null });
    await feature
      .given(aLock(), aCode({ window: stay }), deleted, gone, released)
      .when(allDue, arranged)
      .then();
    expect(await due()).toEqual(others);
    await feature.when(worksAt(T0 + 1000 * HOUR)).then();
  });

  it('those that are gone and still have their PIN reserved are cleaned up', async () => {
    await feature
      .given(aLock(), aCode({ window: stay }), deleted, gone)
      .when(allDue, arranged)
      .then();
    expect(await due()).toContain(`code:${CODE}`);
    await feature.when(works).then(onKeypad('PinReleased', { codeId: CODE }));
  });

  it('a reservation whose code never came waits for its grace', async () => {
    const reserved = onKeypad('PinReserved', { codeId: CODE, pin: '1234', window: null });
    await feature.given(aLock(), reserved).when(allDue, arranged).then();
    expect(await due()).toEqual(others);
    await feature.when(worksAt(T0 + 5 * MINUTE)).then(onKeypad('PinReleased', { codeId: CODE }));
  });

  it('one that waits for a PIN is woken when it leaves the keypad', async () => {
    const later = { startsAt: T0 + HOUR, endsAt: T0 + 3 * HOUR };
    const first = { startsAt: T0 - HOUR, endsAt: T0 + HOUR };
    await feature
      .given(aLock(), aCodeOnLock({ codeId: OTHER, window: first }), aCode({ window: later }))
      .when(allDue, arranged)
      .then();
    expect(await due()).toEqual(others);
    await feature
      .given(
        ...[itIs(T0 + 1), onCode('RemovalStarted', { cause: 'deleted' }, OTHER)],
        onCode('Removed', { cause: 'deleted', wasOnDevice: true }, OTHER),
        ({ locks }) => locks.eraseByHand('lock-1', `on-lock-${OTHER}`),
      )
      .when(works)
      .then(
        onKeypad('PinReleased', { codeId: OTHER }),
        onCode('ProgrammingStarted'),
        onCode('ProgrammingAccepted'),
      );
  });
});
