import { HOUR } from '@latchkey/platform';
import { CODE, T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  aLock,
  anUnmanagedCode,
  DEVICE,
  type FeatureProcess,
  onCode,
  onDevice,
  onKeypad,
  useFeature,
} from '../testing';
import { backupCodeId } from './backup-pool';

const stay = { startsAt: T0, endsAt: T0 + HOUR };
const spareId = (nth: number): string => backupCodeId(DEVICE, nth);
const fill = async (process: FeatureProcess): Promise<void> => {
  await process.caughtUp();
  const { state } = await process.streams.devices.load(DEVICE);
  await process.backups.fill(state!, await process.rows.codesOf(DEVICE));
};
const asked = (nth: number) => [
  onKeypad('PinReserved', { codeId: spareId(nth), window: null }),
  onCode(
    'CodeRequested',
    { codeId: spareId(nth), name: `Backup ${nth + 1}`, isBackup: true, schedule: null },
    spareId(nth),
  ),
];
const wanting = aCode({ window: stay, usesBackupPool: true });
const spare = (nth: number) => aCodeOnLock({ codeId: spareId(nth), pin: `900${nth}`, isBackup: true });
const removal = (nth: number) => onCode('RemovalStarted', { cause: 'deleted' }, spareId(nth));

describe('the backup pool of a device', () => {
  const feature = useFeature();

  it('is filled once a code there uses it, with PINs that differ', async () => {
    await feature
      .given(aLock(), aCode({ window: stay }))
      .when(fill)
      .then();
    await feature
      .given(onCode('ChangeRequested', { usesBackupPool: true }))
      .when(fill)
      .then(...asked(0), ...asked(1));
    const pins = (await feature.events())
      .filter(({ type }) => type === 'CodeRequested')
      .map(({ data }) => data.pin);
    expect(new Set(pins).size).toBe(3);
  });

  it('is filled again when one was pulled', () =>
    feature
      .given(
        ...[aLock(), wanting, spare(0), spare(1)],
        onCode('BackupAssigned', { forCodeId: CODE, schedule: iso(stay) }, spareId(0)),
      )
      .when(fill)
      .then(...asked(2)));

  it('is filled again when one is to be removed', () =>
    feature
      .given(aLock(), wanting, spare(0), spare(1), removal(1))
      .when(fill)
      .then(...asked(2)));

  it('is not filled beyond its size, however often filling begins', () =>
    feature
      .given(aLock(), wanting)
      .when(fill, fill, fill)
      .then(...asked(0), ...asked(1)));

  it('stays full while there is any code in it', () =>
    feature
      .given(aLock(), spare(0))
      .when(fill)
      .then(...asked(1)));

  it.each([
    ['no code uses it', aCode({ window: stay })],
    ['only an unmanaged code is there', anUnmanagedCode()],
    ['the device is not managed', [wanting, onDevice('DeviceConvertedToUnmanaged')]],
  ])('is left empty while %s', (_why, given) => feature.given(aLock(), given).when(fill).then());

  it('is filled where the device is set to have one, whether a code uses it or not', () =>
    feature
      .given(aLock(), onDevice('DeviceUpdated', { backupPool: true }))
      .when(fill)
      .then(...asked(0), ...asked(1)));

  it('is emptied where the device is set to have none; pulled codes stay', () =>
    feature
      .given(
        ...[aLock(), wanting, spare(0), spare(1)],
        onCode('BackupAssigned', { forCodeId: CODE, schedule: iso(stay) }, spareId(0)),
        onDevice('DeviceUpdated', { backupPool: false }),
      )
      .when(fill, fill)
      .then(removal(1)));

  it.each([
    ['has room for one in four', { maxActiveCodes: 4 }, 1],
    ['has no room for any', { maxActiveCodes: 3 }, 0],
    ['draws its codes itself', { codeConstraints: [{ constraintType: 'cannot_specify_pin_code' }] }, 0],
  ])('is smaller on a lock that %s', async (_what, abilities, size) => {
    await feature
      .given(aLock(abilities), wanting)
      .when(fill)
      .then(...(size === 1 ? asked(0) : []));
  });

  it('is filled as far as PINs are free', async () => {
    const taken = [...'012345678'].map((pin) => aCode({ codeId: `code-${pin}`, pin, usesBackupPool: true }));
    await feature
      .given(aLock({ supportedCodeLengths: [1] }), taken)
      .when(fill)
      .then(...asked(0));
  });

  it('leaves a PIN to a faster request, and is filled when the device is due next', async () => {
    await feature
      .given(aLock(), wanting)
      .when(fill)
      .then(...asked(0), ...asked(1));
    const [, first] = (await feature.events()).filter(({ type }) => type === 'CodeRequested');
    const theirs = onKeypad('PinReserved', { codeId: 'theirs', pin: first!.data.pin, window: null });
    await feature.beginAnew();
    await feature.given(aLock(), wanting, feature.meanwhile('keypad-', theirs)).when(fill).then(theirs);
    await feature.when(fill).then(...asked(0), ...asked(1));
  });

  it.each([1, 2, 3])('is filled after a crash, and not twice: %d appends', async (appends) => {
    await feature.given(aLock(), wanting);
    feature.process.store.dieAfter(appends);
    await expect(feature.do(fill)).rejects.toThrow('died');
    await feature.restart();
    await feature.do(fill);
    await feature.do(fill);
    const codes = (await feature.events()).filter(({ data }) => data.isBackup === true);
    expect(codes.map(({ data }) => data.codeId)).toEqual([spareId(0), spareId(1)]);
  });

  function iso({ startsAt, endsAt }: typeof stay) {
    return { startsAt: new Date(startsAt).toISOString(), endsAt: new Date(endsAt).toISOString() };
  }
});
