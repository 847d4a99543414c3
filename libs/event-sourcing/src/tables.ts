// A projection brings its own tables, so the schema is open here and typed where the tables are defined.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Tables = any;
