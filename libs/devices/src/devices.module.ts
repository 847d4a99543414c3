import { Module } from '@nestjs/common';
import { accountHandlers } from './commands/account-handlers';
import { actionHandlers } from './commands/action-handlers';
import { deviceHandlers } from './commands/device-handlers';
import { ConnectedAccountsController } from './http/connected-accounts.controller';
import { DevicesController } from './http/devices.controller';
import { LocksController } from './http/locks.controller';
import { UnmanagedDevicesController } from './http/unmanaged-devices.controller';
import { deviceQueryHandlers, GetActionAttemptHandler } from './views';

/** Devices and connected accounts: their endpoints, and who handles what these ask. */
@Module({
  controllers: [DevicesController, LocksController, UnmanagedDevicesController, ConnectedAccountsController],
  providers: [
    ...deviceHandlers,
    ...accountHandlers,
    ...actionHandlers,
    ...deviceQueryHandlers,
    GetActionAttemptHandler,
  ],
})
export class DevicesModule {}
