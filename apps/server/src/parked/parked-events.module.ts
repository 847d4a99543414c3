import { Module } from '@nestjs/common';
import { ParkedEventsController } from './parked-events.controller';

/** The events that views go on without. */
@Module({ controllers: [ParkedEventsController] })
export class ParkedEventsModule {}
