import { HOUR } from '@latchkey/platform';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  aLock,
  DEVICE,
  itIs,
  locksSettle,
  NOT_NATIVE,
  onCode,
  useFeature,
  works,
  worksAt,
} from '../testing';

const started = (codeId = CODE) => onCode('ProgrammingStarted', {}, codeId);
const accepted = (codeId = CODE) => onCode('ProgrammingAccepted', {}, codeId);

describe('the executor', () => {
  const feature = useFeature();
  const lines = () => feature.installation.errors.splice(0);

  it('does what is due, and knows when the next falls due', async () => {
    const stay = { startsAt: T0 + 2 * HOUR, endsAt: T0 + 3 * HOUR };
    await feature
      .given(aLock(NOT_NATIVE), aCode({ window: stay }))
      .when(works)
      .then();
    expect(feature.process.executor.nextDue).toBe(stay.startsAt - HOUR);
  });

  it('works on devices as well, and again when they are due', async () => {
    await feature.given(aLock()).when(works).then();
    expect(feature.locks.calls).toEqual([{ call: 'list', lockId: 'lock-1' }]);
    const next = feature.process.executor.nextDue!;
    await feature.when(worksAt(next - 1)).then();
    expect(feature.locks.calls).toHaveLength(1);
    await feature.when(worksAt(next)).then();
    expect(feature.locks.calls).toHaveLength(2);
  });

  it('puts off what fails, and goes on with the rest', async () => {
    await feature.given(aLock(), aCode(), aCode({ codeId: OTHER, pin: '4321' }));
    const { codeWork } = feature.process;
    const workThrough = codeWork.workThrough.bind(codeWork);
    let failures = 0;
    codeWork.workThrough = (claim) => {
      if (claim.id !== CODE || failures > 0) return workThrough(claim);
      failures++;
      return Promise.reject(new Error('something is broken'));
    };
    await feature.when(works).then(started(OTHER), accepted(OTHER));
    expect(lines()).toEqual([expect.stringContaining('something is broken')]);
    await feature
      .when(locksSettle(), worksAt(T0 + 20_000))
      .then(onCode('SetOnDevice', {}, OTHER), started(), accepted());
  });

  it('waits out a store that is unavailable', async () => {
    await feature.given(aLock(), aCode());
    const { store } = feature.process;
    store.before(`accessCode-${CODE}`, () => {
      store.isAway = true;
      return Promise.reject(new Error('the store went away'));
    });
    await feature.when(works).then();
    expect(lines()).toHaveLength(1);
    store.isAway = false;
    await feature
      .given(itIs(T0 + HOUR))
      .when(works)
      .then(onCode('SettingDelayed'), started(), accepted());
  });

  it('leaves a code to the process that has claimed it', async () => {
    await feature.given(aLock(), aCode());
    const claims = await feature.process.rows.claim(T0, 100);
    await feature.when(works).then();
    await feature.process.rows.releaseThese(claims);
    await feature.when(works).then(started(), accepted());
    expect(await feature.process.rows.codesOf(DEVICE)).toEqual([CODE]);
  });
});
