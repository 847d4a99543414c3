import type { Database } from '@latchkey/database';
import { DAY, HOUR } from '@latchkey/platform';
import { CreateAccessCode } from '../commands/commands';
import { newCodeId } from '../commands/create-access-code';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  ACCOUNT_ID,
  aCode,
  aLock,
  caller,
  DEVICE,
  type Feature,
  type FeatureProcess,
  MAKER,
  NOT_NATIVE,
  onAccount,
  onCode,
  onKeypad,
  useFeature,
  works,
} from '../testing';
import { AGENDA, type AgendaTables } from './agenda-tables';

const NEW = newCodeId(caller(), DEVICE);
const stay = { startsAt: T0 + 10 * DAY, endsAt: T0 + 12 * DAY };
const created = [onKeypad('PinReserved', { codeId: NEW }), onCode('CodeRequested', {}, NEW)];
const creates =
  (window: typeof stay | null = stay) =>
  async (process: FeatureProcess): Promise<void> => {
    await process.execute(new CreateAccessCode(caller(), { deviceId: DEVICE, code: '1234', ...window }));
    await process.caughtUp();
  };
const disconnected = onAccount('AccountDisconnected', { reason: 'revoked' });
const allAnew = (process: FeatureProcess) => process.rows.makeAllDue();

const rowOf = (feature: Feature, codeId: string) =>
  (feature.installation.views as Database<AgendaTables>).db
    .selectFrom(AGENDA)
    .select(['due_at', 'revision', 'planned_revision', 'for_keypad', 'waiting_for_lock'])
    .where('id', '=', codeId)
    .executeTakeFirst();

describe('a code that was just requested', () => {
  const feature = useFeature();
  const row = () => rowOf(feature, NEW);
  /** The process has the states of the device and its account in memory. */
  const anotherCode = aCode({ codeId: OTHER, pin: '5678', window: stay });

  it.each([
    ['a lock that keeps windows', {}, 3 * DAY],
    ['any other', NOT_NATIVE, HOUR],
  ])('is due when it is to come onto its lock, without being looked at: %s', async (_, abilities, lead) => {
    await feature
      .given(aLock(abilities), anotherCode)
      .when(works, creates())
      .then(...created);
    const first = await row();
    expect(first).toEqual({
      ...{ due_at: stay.startsAt - lead, for_keypad: 0, waiting_for_lock: 0 },
      ...{ revision: 0, planned_revision: 0 },
    });
    await feature.when(allAnew, works).then();
    expect(await row()).toEqual(first);
  });

  it('is due now where it belongs onto its lock at once', async () => {
    await feature
      .given(aLock(), anotherCode)
      .when(works, creates(null))
      .then(...created);
    expect(await row()).toMatchObject({ due_at: T0, planned_revision: -1 });
  });

  it('is due now where its account has changed since it was last read', async () => {
    await feature.given(aLock(), anotherCode).when(works).then();
    await feature
      .given(disconnected)
      .when(creates())
      .then(...created);
    expect(await row()).toMatchObject({ due_at: T0, planned_revision: -1 });
    await feature.when(works).then(onCode('ConnectionLost', {}, OTHER), onCode('ConnectionLost', {}, NEW));
  });

  it('is due now where it has to be told that its account is disconnected', async () => {
    await feature
      .given(aLock(), anotherCode, disconnected)
      .when(works, creates())
      .then(onCode('ConnectionLost', {}, OTHER), ...created);
    expect(await row()).toMatchObject({ due_at: T0 });
    await feature.when(works).then(onCode('ConnectionLost', {}, NEW));
  });

  it('is due by what happens to its account later', async () => {
    await feature
      .given(aLock(), anotherCode)
      .when(works, creates())
      .then(...created);
    await feature
      .given(disconnected)
      .when(works)
      .then(onCode('ConnectionLost', {}, OTHER), onCode('ConnectionLost', {}, NEW));
  });
});

describe('a code that has just come onto its lock', () => {
  const feature = useFeature();
  const row = () => rowOf(feature, CODE);
  const now = { startsAt: T0 - HOUR, endsAt: T0 + DAY };
  const started = (codeId = CODE) => onCode('ProgrammingStarted', {}, codeId);
  const accepted = (codeId = CODE) => onCode('ProgrammingAccepted', {}, codeId);
  /** The lock carries out its order, and its report is taken; nothing is looked at. */
  const executes = async (process: FeatureProcess): Promise<void> => {
    for (const report of process.locks.settle())
      await process.reports.take({ accountId: ACCOUNT_ID, maker: MAKER }, report);
    await process.caughtUp();
  };

  it.each([
    ['for its stay', now, 'SetOnDevice', now.endsAt],
    ['without an end', null, 'SetOnDevice', null],
    ['ahead of its stay', { startsAt: T0 + HOUR, endsAt: T0 + DAY }, 'ScheduledOnDevice', T0 + HOUR],
  ] as const)('%s is due next without being looked at', async (_, window, event, dueAt) => {
    await feature.given(aLock(), aCode({ window })).when(works).then(started(), accepted());
    await feature.when(executes).then(onCode(event));
    const planned = await row();
    expect(planned).toMatchObject({ due_at: dueAt, revision: 3, planned_revision: 3 });
    await feature.when(allAnew, works).then();
    expect(await row()).toEqual(planned);
  });

  it('is due now where its account has changed since it was last read', async () => {
    await feature
      .given(aLock(), aCode({ window: now }))
      .when(works)
      .then(started(), accepted());
    await feature.given(disconnected).when(executes).then(onCode('SetOnDevice'));
    expect(await row()).toMatchObject({ due_at: T0, planned_revision: 2 });
    await feature.when(works).then(onCode('ConnectionLost'));
  });

  it('is due now where its keypad has changed since it was last read', async () => {
    await feature
      .given(aLock(), aCode({ window: now }))
      .when(works)
      .then(started(), accepted());
    await feature
      .given(aCode({ codeId: OTHER, pin: '5678', window: stay }))
      .when(executes)
      .then(onCode('SetOnDevice'));
    expect(await row()).toMatchObject({ due_at: T0, planned_revision: 2 });
  });

  it('gives the lock on to the code that waits for it', async () => {
    await feature
      .given(aLock(), aCode({ window: now }), aCode({ codeId: OTHER, pin: '5678', window: now }))
      .when(works)
      .then(started(), accepted());
    expect(await rowOf(feature, OTHER)).toMatchObject({ waiting_for_lock: 1 });
    await feature.when(executes).then(onCode('SetOnDevice'));
    expect(await rowOf(feature, OTHER)).toMatchObject({ due_at: T0, waiting_for_lock: 2 });
    await feature.when(works).then(started(OTHER), accepted(OTHER));
  });

  it('is due now where it waits for the lock itself: its turn is given on by its work', async () => {
    await feature
      .given(aLock(), aCode({ window: now }))
      .when(works)
      .then(started(), accepted());
    await feature.when(waitsForItsLock).then();
    await feature.when(executes).then(onCode('SetOnDevice'));
    expect(await row()).toMatchObject({ due_at: T0, planned_revision: 2, waiting_for_lock: 2 });
  });

  async function waitsForItsLock(): Promise<void> {
    await (feature.installation.views as Database<AgendaTables>).db
      .updateTable(AGENDA)
      .set({ waiting_for_lock: 1, waiting_since: T0 })
      .where('id', '=', CODE)
      .execute();
  }
});
