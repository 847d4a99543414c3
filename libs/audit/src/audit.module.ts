import { Module } from '@nestjs/common';
import { AuditController } from './http/audit.controller';
import { Doors } from './views/doors';
import { GetDoorAtHandler, GetDoorBetweenHandler } from './views/get-door';
import { GetHistoryHandler } from './views/get-history';

/** What happened, and what opened a door when. */
@Module({
  controllers: [AuditController],
  providers: [Doors, GetHistoryHandler, GetDoorAtHandler, GetDoorBetweenHandler],
})
export class AuditModule {}
