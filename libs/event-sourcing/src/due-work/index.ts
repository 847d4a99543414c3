export { claimOf, createDueIndexes, type DueColumns, DueRows } from './due-rows';
export type { DueClaim, DueSource, OfWorkspace } from './due-source';
export { DueWork, type DueWorkState } from './due-work';
export { mayPass } from './may-pass';
export { Shares } from './shares';
