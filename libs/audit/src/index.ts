export { AuditModule } from './audit.module';
export { AuditProjection } from './views/audit-projection';
export { AUDIT_VIEW, type AuditView } from './views/audit-view';
export * from './views/queries';
export { presentAtDoor, presentDoor, presentEntry } from './http/present';
export type { AuditEntry } from './domain/entry';
export type { DoorChange, LockMoment, Opener } from './domain/door';
