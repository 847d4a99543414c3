export { FaultyEventStore, ProcessDied } from './faulty-event-store';
export { type ForeignNewEvent, InMemoryEventStore } from './in-memory-event-store';
