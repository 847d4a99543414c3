export { InMemoryLocks, type InsteadOfAnswer, type LockCall } from './in-memory-locks';
