import { HOUR } from '@latchkey/platform';
import { T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aLock,
  DEVICE,
  type FeatureProcess,
  type Given,
  itIs,
  NOT_NATIVE,
  onCode,
  useFeature,
  works,
} from '../testing';

const stay = { startsAt: T0 + 2 * HOUR, endsAt: T0 + 4 * HOUR };
/** The state after the agenda has learned that the clock was set. */
const allDue = (process: FeatureProcess) => process.rows.makeAllDue();
const expired = onCode('RemovalStarted', { cause: 'expired' });

describe('when the clock was set', () => {
  const feature = useFeature();
  const between =
    (earliest: number, latest = earliest): Given =>
    () => {
      feature.process.bounds = () => ({ earliest, latest });
    };

  it('forward, no stay ends as long as it is not known whether rightly', async () => {
    const now = { startsAt: T0 - HOUR, endsAt: T0 + HOUR };
    await feature
      .given(aLock(), aCodeOnLock({ window: now }), itIs(T0 + 2 * HOUR), between(T0, T0 + 2 * HOUR))
      .when(allDue, works)
      .then();
    await feature
      .given(between(T0 + 2 * HOUR))
      .when(allDue, works)
      .then(expired, onCode('RemovalSent'));
  });

  it('forward, no stay begins either', async () => {
    await feature
      .given(aLock(NOT_NATIVE), aCode({ window: stay }), itIs(stay.startsAt), between(T0, stay.startsAt))
      .when(allDue, works)
      .then();
    await feature
      .given(between(stay.startsAt))
      .when(allDue, works)
      .then(
        onCode('SettingDelayed'),
        onCode('StartMissed'),
        onCode('ProgrammingStarted'),
        onCode('ProgrammingAccepted'),
      );
  });

  it('back, a guest in the middle of their stay stays in', async () => {
    await feature
      .given(aLock(NOT_NATIVE), aCodeOnLock({ window: { ...stay, startsAt: T0 }, isKeptByLock: false }))
      .when(works)
      .then();
    await feature
      .given(itIs(T0 - 3 * HOUR), between(T0 - 3 * HOUR, T0))
      .when(allDue, works)
      .then();
    expect(feature.locks.opens('lock-1', '1234')).toBe(true);
    await feature
      .given(between(T0 - 3 * HOUR))
      .when(allDue, works)
      .then(onCode('RemovalSent', { purpose: 'withdrawal' }));
  });

  it('back, no command is waited for until an instant of the time before', async () => {
    await feature
      .given(aLock(), aCode())
      .when(works)
      .then(onCode('ProgrammingStarted'), onCode('ProgrammingAccepted'));
    feature.locks.settle();
    await feature
      .given(itIs(T0 - 24 * HOUR), between(T0 - 24 * HOUR))
      .when(allDue, works)
      .then(onCode('SetOnDevice'));
    expect(await feature.process.rows.lockFreeAt(DEVICE)).toBeNull();
  });

  it('back, no lock is kept from others until an instant of the time before', async () => {
    const before = T0 - 24 * HOUR;
    await feature
      .given(aLock(), aCode())
      .when(works)
      .then(onCode('ProgrammingStarted'), onCode('ProgrammingAccepted'));
    await feature.given(itIs(before), between(before)).when(allDue, works).then();
    expect(await feature.process.rows.lockFreeAt(DEVICE)).toBeLessThanOrEqual(before + 2 * 60_000);
  });
});
