import { By, type Caller, Params, SeamRoute, Uuid } from '@latchkey/http';
import { Controller } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { PullBackupAccessCode } from '../commands/pull-backup-access-code';
import { GetAccessCode } from '../views/queries';
import { ACCESS_CODE_SCHEMA } from './access-code.schema';

export class PullBackupAccessCodeParams {
  @Uuid()
  access_code_id!: string;
}

/** /access_codes/pull_backup_access_code: a code that opens the door now, where another one does not. */
@Controller()
export class BackupCodesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @SeamRoute('/access_codes/pull_backup_access_code', ['POST'], {
    summary: 'Takes a code from the backup pool of the device into use, in place of another one',
    answer: { access_code: ACCESS_CODE_SCHEMA, backup_access_code: ACCESS_CODE_SCHEMA },
    params: PullBackupAccessCodeParams,
  })
  async pull(
    @By() caller: Caller,
    @Params(PullBackupAccessCodeParams) { access_code_id: accessCodeId }: PullBackupAccessCodeParams,
  ) {
    const { backupAccessCodeId } = await this.commands.execute(
      new PullBackupAccessCode(caller, accessCodeId),
    );
    const shown = (id: string) =>
      this.queries.execute(new GetAccessCode(caller.workspaceId, { accessCodeId: id }));
    return {
      access_code: await shown(accessCodeId),
      backup_access_code: await shown(backupAccessCodeId),
    };
  }
}
