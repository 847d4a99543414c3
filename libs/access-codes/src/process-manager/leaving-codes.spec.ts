import { systemCause } from '@latchkey/event-sourcing';
import { CODE, iso, MINUTE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aDevice,
  aLock,
  anUnmanagedCode,
  DEVICE,
  type FeatureProcess,
  lockCodeIdOf,
  onCode,
  useFeature,
  WORKSPACE,
} from '../testing';

const cause = systemCause({ workspaceId: WORKSPACE, correlationId: DEVICE, causationId: 'test' });
const abandoned = (process: FeatureProcess) => process.leavingCodes.abandon(DEVICE, cause);
const letGo = (process: FeatureProcess) => process.leavingCodes.letGo(DEVICE, cause);
const deleted = (codeId = CODE) => onCode('RemovalStarted', { cause: 'deleted' }, codeId);
const left = (codeId = CODE, wasOnDevice = true) =>
  onCode('Removed', { cause: 'deleted', wasOnDevice, leftOnLock: true }, codeId);
const elsewhere = [aDevice({}, 'device-2'), aCode({ codeId: 'elsewhere', deviceId: 'device-2' })];

describe('the codes on a device that is deleted here', () => {
  const feature = useFeature();

  it('go with it, and stay on the lock', async () => {
    await feature
      .given(aLock(), aCodeOnLock(), aCode({ codeId: OTHER, pin: '4321' }), elsewhere)
      .when(abandoned)
      .then(deleted(), left(), deleted(OTHER), left(OTHER, false));
    expect(feature.locks.opens('lock-1', '1234')).toBe(true);
    expect(feature.locks.calls).toEqual([]);
  });

  it('that were not ours are out of sight', () =>
    feature.given(aLock(), anUnmanagedCode()).when(abandoned).then(onCode('UnmanagedCodeGone')));

  it('that were to go already need not be told so again', () =>
    feature.given(aLock(), aCodeOnLock(), deleted()).when(abandoned).then(left()));

  it('go once', () =>
    feature.given(aLock(), aCodeOnLock()).when(abandoned, abandoned).then(deleted(), left()));

  it('go after a crash as well', () =>
    feature
      .given(aLock(), aCodeOnLock(), aCode({ codeId: OTHER, pin: '4321' }))
      .when(abandoned)
      .thenThroughCrashes(deleted(), left(), deleted(OTHER), left(OTHER, false)));

  it('are waited for by whoever asked, the last one too', async () => {
    const position = await feature
      .given(aLock(), aCodeOnLock(), aCode({ codeId: OTHER, pin: '4321' }))
      .when(abandoned)
      .then(deleted(), left(), deleted(OTHER), left(OTHER, false));
    expect(position).toEqual(await feature.endOf(`accessCode-${OTHER}`));
  });
});

describe('the codes on a device that is no longer ours to manage', () => {
  const feature = useFeature();

  it('are let go where the lock has them; those that it has not never will be there', () =>
    feature
      .given(aLock(), aCodeOnLock(), aCode({ codeId: OTHER, pin: '4321' }), elsewhere)
      .when(letGo)
      .then(onCode('LetGo'), deleted(OTHER), left(OTHER, false)));

  it('are waited for while something is under way', () =>
    feature
      .given(
        ...[aLock(), aCodeOnLock()],
        onCode('ProgrammingStarted', {
          ...{ commandId: 'c', operation: 'change', lockCodeId: lockCodeIdOf(CODE), attempt: 1 },
          ...{ content: { name: 'Ann', pin: '1234', window: null }, deadline: iso(T0 + MINUTE) },
        }),
      )
      .when(letGo)
      .then());

  it('stay as they are where they were not ours, or are to go', () =>
    feature
      .given(aLock(), anUnmanagedCode(), aCodeOnLock({ codeId: OTHER, pin: '4321' }), deleted(OTHER))
      .when(letGo)
      .then());

  it('are let go once, and after a crash as well', () =>
    feature
      .given(aLock(), aCodeOnLock(), aCode({ codeId: OTHER, pin: '4321' }))
      .when(letGo, letGo)
      .thenThroughCrashes(onCode('LetGo'), deleted(OTHER), left(OTHER, false)));
});
