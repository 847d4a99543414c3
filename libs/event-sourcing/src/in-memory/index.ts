export { type ForeignNewEvent, InMemoryEventStore } from './in-memory-event-store';
