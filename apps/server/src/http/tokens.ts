/** The database of the records, for what the edge itself remembers. */
export const RECORDS_DATABASE = Symbol('RECORDS_DATABASE');
