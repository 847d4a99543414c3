import { Module } from '@nestjs/common';
import { AuditController } from './http/audit.controller';
import { TimelineController } from './http/timeline.controller';
import { CodeFacts } from './views/code-facts';
import { DoorSpans } from './views/door-spans';
import { Doors } from './views/doors';
import { FollowDoorBetweenHandler, GetDoorAtHandler, GetDoorBetweenHandler } from './views/get-door';
import { GetHistoryHandler } from './views/get-history';
import { GetTimelineHandler } from './views/timeline/get-timeline';

/** What happened, and what opened a door when. */
@Module({
  controllers: [AuditController, TimelineController],
  providers: [
    CodeFacts,
    Doors,
    DoorSpans,
    GetHistoryHandler,
    GetTimelineHandler,
    GetDoorAtHandler,
    GetDoorBetweenHandler,
    FollowDoorBetweenHandler,
  ],
})
export class AuditModule {}
