import type { Database } from '@latchkey/database';
import { Module } from '@nestjs/common';
import { RECORDS_DATABASE } from '../tokens';
import { Addresses } from './addresses';
import { ConnectWebviewRecords } from './connect-webview-records';
import { ConnectWebviewsController } from './connect-webviews.controller';
import { Connecting } from './connecting';
import { DeviceProvidersController } from './device-providers.controller';
import { ConnectPagesController } from './pages.controller';

/** Connecting accounts. Needs LOCK_MAKERS, REPORT_TOKENS, STREAMS and GATEWAY besides what HttpModule needs. */
@Module({
  controllers: [ConnectWebviewsController, ConnectPagesController, DeviceProvidersController],
  providers: [
    Addresses,
    Connecting,
    {
      provide: ConnectWebviewRecords,
      inject: [RECORDS_DATABASE],
      useFactory: (database: Database<unknown>) => ConnectWebviewRecords.open(database),
    },
  ],
  exports: [ConnectWebviewRecords],
})
export class ConnectWebviewsModule {}
