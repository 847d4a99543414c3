/** The two engines that everything runs on: SQLite files (embedded) and PostgreSQL. */
export type Engine = 'sqlite' | 'postgres';
