import { DAY, iso, MINUTE } from '@latchkey/platform';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aLock,
  DEVICE,
  type FeatureProcess,
  type Given,
  lockCodeIdOf,
  onCode,
  READ_BACK_AFTER,
  useFeature,
  works,
  worksAt,
} from '../testing';
import { LostCalls } from './lost-calls';

const held = lockCodeIdOf(CODE);
const commandId = 'sent-before';
const deadline = iso(T0 + MINUTE);
const content = { name: 'Guest', pin: '1234', window: null };
const started = onCode('ProgrammingStarted', {
  ...{ commandId, operation: 'create', lockCodeId: null, attempt: 1, deadline, content },
});
const unanswered = onCode('CommandUnanswered', { commandId });
const isOnLock: Given = ({ locks }) => void locks.putByHand('lock-1', content, held);
/** A process that works alone has started. */
const starts = async (process: FeatureProcess): Promise<void> => {
  await process.caughtUp();
  await new LostCalls(process).record();
  await process.caughtUp();
};

describe('a command whose sender has ended', () => {
  const feature = useFeature();

  it('is read back soon, and not at its deadline: it was done', async () => {
    // Each lock is read when it is first seen.
    await feature.given(aLock(), aCode(), started).when(works).then();
    await feature.given(isOnLock).when(starts).then(unanswered);
    await feature.when(worksAt(T0 + READ_BACK_AFTER - 1)).then();
    await feature
      .when(worksAt(T0 + READ_BACK_AFTER))
      .then(onCode('SetOnDevice', { commandId, lockCodeId: held }));
  });

  it('is sent again once it is over, where it was never done', async () => {
    await feature.given(aLock(), aCode(), started).when(starts).then(unanswered);
    await feature.when(worksAt(T0 + READ_BACK_AFTER)).then();
    await feature
      .when(worksAt(T0 + MINUTE))
      .then(onCode('ProgrammingFailed', { commandId, errorCode: 'NO_ANSWER' }));
  });

  it('of a removal is read back soon, too', async () => {
    const sent = { commandId, lockCodeId: held, purpose: 'removal', attempt: 1, deadline };
    await feature
      .given(
        aLock(),
        aCodeOnLock(),
        onCode('RemovalStarted', { cause: 'deleted' }),
        onCode('RemovalSent', sent),
        ({ locks }) => void locks.eraseByHand('lock-1', held),
      )
      .when(starts)
      .then(unanswered);
    await feature.when(worksAt(T0 + READ_BACK_AFTER)).then(onCode('Removed'), expect.anything());
  });

  it('is read back at once where its answer was recorded: its report may have come while nobody listened', async () => {
    await feature
      .given(aLock(), aCode(), started, onCode('ProgrammingAccepted', { commandId, lockCodeId: held }))
      .when(works)
      .then();
    await feature.given(isOnLock).when(works).then();
    await feature.when(starts).then();
    await feature.when(works).then(onCode('SetOnDevice', { commandId, lockCodeId: held }));
  });

  it('is recorded as such once', async () => {
    await feature.given(aLock(), aCode(), started).when(starts).then(unanswered);
    await feature.when(starts).then();
  });

  it('that was never sent leaves its lock to the next', async () => {
    await feature
      .given(aLock(), aCode({ window: { startsAt: T0 + 10 * DAY, endsAt: T0 + 11 * DAY } }))
      .when(works)
      .then();
    const takes = (codeId: string) => (process: FeatureProcess) =>
      process.rows.takeLock(DEVICE, `of-${codeId}`, codeId, T0 + 2 * MINUTE);
    const { process } = feature;
    expect(await takes(CODE)(process)).toBe(true);
    expect(await takes(OTHER)(process)).toBe(false);
    await feature.when(starts).then();
    expect(await takes(OTHER)(process)).toBe(true);
  });
});
