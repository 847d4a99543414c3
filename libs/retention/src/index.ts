export { ArchiveKeeper, type Archived } from './process-manager/archive-keeper';
export { FinishedProjection, type FinishedTables } from './views/finished-projection';
export { ErasureWork } from './process-manager/erasure-work';
export { ERASURES, ErasuresProjection, type ErasuresTables } from './views/erasures-projection';
export { ErasePersonalData, type ErasureOf, type ErasureOfCode } from './commands/commands';
export { ErasePersonalDataHandler } from './commands/erase-personal-data';
export { presentErasure } from './http/present-erasure';
export { RetentionModule } from './retention.module';
