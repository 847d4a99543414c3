export { ArchiveKeeper, type Archived } from './process-manager/archive-keeper';
export { FinishedProjection, type FinishedTables } from './views/finished-projection';
