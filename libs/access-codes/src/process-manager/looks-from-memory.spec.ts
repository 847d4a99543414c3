import type { Database } from '@latchkey/database';
import { DAY, HOUR } from '@latchkey/platform';
import { CreateAccessCode } from '../commands/commands';
import { newCodeId } from '../commands/create-access-code';
import { OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  aLock,
  caller,
  DEVICE,
  type FeatureProcess,
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

describe('a code that was just requested', () => {
  const feature = useFeature();
  const row = () =>
    (feature.installation.views as Database<AgendaTables>).db
      .selectFrom(AGENDA)
      .select(['due_at', 'revision', 'planned_revision', 'for_keypad'])
      .where('id', '=', NEW)
      .executeTakeFirst();
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
      ...{ due_at: stay.startsAt - lead, for_keypad: 0 },
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
