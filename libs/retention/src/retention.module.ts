import { Module } from '@nestjs/common';
import { ErasePersonalDataHandler } from './commands/erase-personal-data';
import { ErasureController } from './http/erasure.controller';

/** What is no longer to be kept. */
@Module({ controllers: [ErasureController], providers: [ErasePersonalDataHandler] })
export class RetentionModule {}
