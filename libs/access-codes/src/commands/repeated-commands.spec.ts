import { HOUR } from '@latchkey/platform';
import type { Command } from '@nestjs/cqrs';
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
  useFeature,
} from '../testing';
import { CreateAccessCode, type CreatedCode, DeleteAccessCode, UpdateAccessCode } from './commands';
import { newCodeId } from './create-access-code';
import { PullBackupAccessCode } from './pull-backup-access-code';
import { DeleteUnmanagedAccessCode } from './unmanaged-commands';

const stay = { startsAt: T0, endsAt: T0 + HOUR };
const spare = aCodeOnLock({ codeId: backupCodeId(DEVICE, 0), pin: '9000', isBackup: true });

describe('a command that comes again, after a restart', () => {
  const feature = useFeature();

  it('creates no second code, and tells of the first one the same', async () => {
    const create = new CreateAccessCode(caller(), { deviceId: DEVICE });
    await feature.given(aLock());
    const first = (await feature.do(create)) as CreatedCode;
    expect(first.position).toEqual(await feature.endOf(`accessCode-${newCodeId(caller(), DEVICE)}`));
    await feature.restart();
    expect(await feature.when(create).then()).toEqual(first);
  });

  it.each<[string, Given, Command<unknown>, string]>([
    ['changes a code', aCode(), new UpdateAccessCode(caller(), CODE, { name: 'Ann', code: '4321' }), CODE],
    ['deletes a code', aCodeOnLock(), new DeleteAccessCode(caller(), CODE), CODE],
    [
      'deletes a code that is not ours',
      anUnmanagedCode(),
      new DeleteUnmanagedAccessCode(caller(), CODE),
      CODE,
    ],
    [
      'pulls a backup code',
      [aCode({ window: stay }), spare, aCode({ codeId: OTHER, pin: '7777' })],
      new PullBackupAccessCode(caller(), CODE),
      backupCodeId(DEVICE, 0),
    ],
  ])(
    'answers once the views have what it wrote the first time: %s',
    async (_what, given, command, codeId) => {
      await feature.given(aLock(), given);
      const first = await feature.do(command);
      const written = await feature.endOf(`accessCode-${codeId}`);
      await feature.restart();
      expect(await feature.when(command).then()).toEqual(first);
      expect(feature.process.awaited).toEqual(written);
    },
  );
});
