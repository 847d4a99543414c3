import { HOUR } from '@latchkey/platform';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import { backupCodeId } from '../process-manager/backup-pool';
import {
  aCode,
  aCodeOnLock,
  aLock,
  anUnmanagedCode,
  caller,
  DEVICE,
  type Given,
  itIs,
  onCode,
  onKeypad,
  stored,
  useFeature,
  WORKSPACE,
  works,
} from '../testing';
import { GetAccessCode } from '../views';
import { PullBackupAccessCode } from './pull-backup-access-code';

const stay = { startsAt: T0, endsAt: T0 + 3 * HOUR };
const [FIRST, SECOND] = [backupCodeId(DEVICE, 0), backupCodeId(DEVICE, 1)] as [string, string];
const pull = (codeId = CODE, by = caller()) => new PullBackupAccessCode(by, codeId);
const backup = (nth: number): Given =>
  aCodeOnLock({
    codeId: backupCodeId(DEVICE, nth),
    pin: `900${nth}`,
    name: `Backup ${nth + 1}`,
    isBackup: true,
  });
const inTrouble = aCode({ window: stay, usesBackupPool: true });
const assigned = (to = CODE, backupId = FIRST, from = T0) =>
  onCode(
    'BackupAssigned',
    { forCodeId: to, schedule: stored({ startsAt: from, endsAt: stay.endsAt }) },
    backupId,
  );
const pulled = (backupId = FIRST, by = CODE) => onCode('BackupPulled', { backupCodeId: backupId }, by);
const told = (backupId = FIRST) => onCode('BackupHandedOver', {}, backupId);
const removal = (codeId: string) => onCode('RemovalStarted', { cause: 'deleted' }, codeId);
const none = { kind: 'untimely', why: 'no-backup-available' } as const;

describe('pulling a backup code', () => {
  const feature = useFeature();

  it('assigns it for the rest of the stay first, then records it with the code that it replaces', async () => {
    const result = await feature
      .given(aLock(), inTrouble, backup(0), itIs(T0 + HOUR))
      .when(pull())
      .then(assigned(CODE, FIRST, T0 + HOUR), pulled(), told());
    expect(result).toEqual({ backupAccessCodeId: FIRST });
  });

  it('answers when the views have it', async () => {
    const read = new GetAccessCode(WORKSPACE, { accessCodeId: CODE });
    const shown = await feature
      .given(aLock(), inTrouble, backup(0))
      .when(pull(), read)
      .then(assigned(), pulled(), told());
    expect(shown).toMatchObject({ pulled_backup_access_code_id: FIRST });
  });

  it('opens the door with its own PIN until the stay ends, and no longer', async () => {
    await feature.given(aLock(), inTrouble, backup(0)).when(pull()).then(assigned(), pulled(), told());
    await feature.do(works);
    expect(feature.locks.opens('lock-1', '9000')).toBe(true);
    await feature.given(itIs(stay.endsAt));
    await feature.do(works);
    feature.locks.settle();
    expect(feature.locks.opens('lock-1', '9000')).toBe(false);
  });

  it('skips one that is assigned already', () =>
    feature
      .given(aLock(), inTrouble, backup(0), backup(1), assigned(OTHER), told())
      .when(pull())
      .then(assigned(CODE, SECOND), pulled(SECOND), told(SECOND)));

  it('takes the next one where another request is faster', async () => {
    const theirs = assigned(OTHER);
    await feature
      .given(aLock(), inTrouble, backup(0), backup(1), feature.meanwhile(`accessCode-${FIRST}`, theirs))
      .when(pull())
      .then(theirs, assigned(CODE, SECOND), pulled(SECOND), told(SECOND));
  });

  it('removes the one that is not needed, where two are pulled at once', async () => {
    const theirs = [assigned(CODE, SECOND), pulled(SECOND)];
    await feature
      .given(aLock(), inTrouble, backup(0), backup(1), feature.meanwhile(`accessCode-${FIRST}`, ...theirs))
      .when(pull())
      .then(...theirs, assigned(), told(), removal(FIRST));
    expect(await feature.do(pull())).toEqual({ backupAccessCodeId: SECOND });
  });

  it.each([
    ['there is none', []],
    ['it is not on the lock yet', aCode({ codeId: FIRST, pin: '9000', isBackup: true })],
    ['it is being removed', [backup(0), removal(FIRST)]],
    ['it may have been removed', [backup(0), onCode('ConnectionLost', {}, FIRST)]],
  ])('is refused where %s', (_why, given) =>
    feature.given(aLock(), inTrouble, given).when(pull()).thenFails(none),
  );

  it.each([
    ['is unknown', []],
    ['is unmanaged', anUnmanagedCode({ window: stay })],
    ['is gone', [inTrouble, removal(CODE), onCode('Removed', { cause: 'deleted', wasOnDevice: false })]],
  ])('is refused for a code that %s', (_why, given) =>
    feature.given(aLock(), backup(0), given).when(pull()).thenFails({ kind: 'absent', what: 'access code' }),
  );

  it('is refused for a code of another workspace', () =>
    feature
      .given(aLock(), inTrouble, backup(0))
      .when(pull(CODE, caller('request-1', 'workspace-2')))
      .thenFails({ kind: 'absent', what: 'access code' }));

  it('is refused for a code without an end', () =>
    feature
      .given(aLock(), aCode(), backup(0))
      .when(pull())
      .thenFails({ kind: 'untimely', why: 'not-time-bound' }));

  it.each([
    ['is being removed', [inTrouble, removal(CODE)]],
    ['has come to its end', [inTrouble, itIs(stay.endsAt)]],
  ])('is refused for a code that %s', (_why, given) =>
    feature
      .given(aLock(), backup(0), given)
      .when(pull())
      .thenFails({ kind: 'untimely', why: 'being-removed' }),
  );

  it('twice is the same one', async () => {
    const result = await feature
      .given(aLock(), inTrouble, backup(0), backup(1))
      .when(pull(), pull(CODE, caller('request-2')))
      .then(assigned(), pulled(), told());
    expect(result).toEqual({ backupAccessCodeId: FIRST });
  });

  it('again, when the first one is gone, is another one', () =>
    feature
      .given(
        ...[aLock(), inTrouble, backup(0), backup(1), assigned(), pulled(), told()],
        ...[removal(FIRST), onCode('Removed', { cause: 'deleted', wasOnDevice: true }, FIRST)],
      )
      .when(pull())
      .then(assigned(CODE, SECOND), pulled(SECOND), told(SECOND)));

  it('is taken up again after a crash', () =>
    feature
      .given(aLock(), inTrouble, backup(0), backup(1))
      .when(pull())
      .thenThroughCrashes(assigned(), pulled(), told()));

  it('that was interrupted by a crash is finished by planning', async () => {
    await feature.given(aLock(), inTrouble, backup(0));
    feature.process.store.dieAfter(1);
    await expect(feature.do(pull())).rejects.toThrow('died');
    await feature.restart();
    await feature.do(works);
    const events = await feature.events();
    expect(events).toContainEqual(pulled());
    expect(events).toContainEqual(told());
    // A new spare code takes its place.
    expect(events).toContainEqual(
      expect.objectContaining({
        ...onKeypad('PinReserved'),
        data: expect.objectContaining({ codeId: SECOND }),
      }),
    );
  });
});
