export { claimOf, createDueIndexes, type DueColumns, DueRows } from './due-rows';
export type { DueClaim, DueSource } from './due-source';
export { DueWork, type DueWorkState } from './due-work';
export { Shares } from './shares';
