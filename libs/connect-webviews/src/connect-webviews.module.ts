import { RECORDS_DATABASE, VAULT, type Vault } from '@latchkey/platform';
import type { Database } from '@latchkey/database';
import { Module } from '@nestjs/common';
import { Addresses } from './addresses';
import { ConnectWebviewRecords } from './records/connect-webview-records';
import { ConnectWebviewsController } from './http/connect-webviews.controller';
import { Connecting } from './commands/connecting';
import { DeviceProvidersController } from './http/device-providers.controller';
import { ConnectPagesController } from './pages/pages.controller';

/** Connecting accounts. Needs LOCK_MAKERS, ReportAddresses, DeviceStreams and GATEWAY besides what HttpModule needs. */
@Module({
  controllers: [ConnectWebviewsController, ConnectPagesController, DeviceProvidersController],
  providers: [
    Addresses,
    Connecting,
    {
      provide: ConnectWebviewRecords,
      inject: [RECORDS_DATABASE, VAULT],
      useFactory: (database: Database<unknown>, vault: Vault) => ConnectWebviewRecords.open(database, vault),
    },
  ],
  exports: [Addresses, ConnectWebviewRecords],
})
export class ConnectWebviewsModule {}
