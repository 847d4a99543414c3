export { Archive } from './archive';
export { ArchiveFolder } from './archive-folder';
export { ArchivedEventStore } from './archived-event-store';
export { Archiving, type Change, type Part } from './archiving';
