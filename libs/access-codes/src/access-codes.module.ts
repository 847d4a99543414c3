import { Module } from '@nestjs/common';
import { ConvertToManagedHandler } from './commands/convert-to-managed';
import { CreateAccessCodeHandler } from './commands/create-access-code';
import { DeleteAccessCodeHandler } from './commands/delete-access-code';
import { DeleteUnmanagedAccessCodeHandler } from './commands/delete-unmanaged-access-code';
import { LetGoOfAccessCodeHandler } from './commands/let-go-of-access-code';
import { CreateAccessCodesHandler } from './commands/linked/create-access-codes';
import { UpdateAccessCodesHandler } from './commands/linked/update-access-codes';
import { PullBackupAccessCodeHandler } from './commands/pull-backup-access-code';
import { UpdateAccessCodeHandler } from './commands/update-access-code';
import { accessCodeControllers } from './http';
import { codeQueryHandlers, streamQueryHandlers } from './views';

/** Access codes: their endpoints, and who handles what these ask. The core and the tokens of the platform are given. */
@Module({
  controllers: accessCodeControllers,
  providers: [
    CreateAccessCodeHandler,
    UpdateAccessCodeHandler,
    DeleteAccessCodeHandler,
    ConvertToManagedHandler,
    LetGoOfAccessCodeHandler,
    PullBackupAccessCodeHandler,
    DeleteUnmanagedAccessCodeHandler,
    CreateAccessCodesHandler,
    UpdateAccessCodesHandler,
    ...codeQueryHandlers,
    ...streamQueryHandlers,
  ],
})
export class AccessCodesModule {}
