import type Libsql from 'libsql';

/** Rows of tables with a `seq` are all in memory (`Table`) and are found there: in the file they need no index. */
const schema = `
  CREATE TABLE IF NOT EXISTS clock (
    id INTEGER PRIMARY KEY CHECK (id = 1), now INTEGER NOT NULL, wall INTEGER NOT NULL,
    running INTEGER NOT NULL, activity INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS accounts (
    seq INTEGER PRIMARY KEY, account_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE IF NOT EXISTS account_tenants (
    account_id TEXT NOT NULL, tenant TEXT NOT NULL, PRIMARY KEY (account_id, tenant)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS authorization_codes (
    code_hash TEXT PRIMARY KEY, account_id TEXT NOT NULL, redirect_uri TEXT, expires_at INTEGER NOT NULL,
    grant_id TEXT NOT NULL, used INTEGER NOT NULL DEFAULT 0, code_challenge TEXT) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS authorization_codes_by_expiry ON authorization_codes (expires_at);
  CREATE TABLE IF NOT EXISTS tokens (
    token_hash TEXT PRIMARY KEY, kind TEXT NOT NULL, account_id TEXT NOT NULL, grant_id TEXT NOT NULL,
    expires_at INTEGER) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS tokens_by_expiry ON tokens (expires_at);
  CREATE INDEX IF NOT EXISTS tokens_by_grant ON tokens (grant_id);
  CREATE TABLE IF NOT EXISTS locks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, lock_id TEXT NOT NULL UNIQUE, account_id TEXT NOT NULL,
    name TEXT NOT NULL, abilities TEXT NOT NULL, faults TEXT NOT NULL, lock_state TEXT NOT NULL,
    random_state INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS codes (
    seq INTEGER PRIMARY KEY, access_code_id TEXT NOT NULL, lock_id TEXT NOT NULL,
    name TEXT NOT NULL, code TEXT NOT NULL, starts_at INTEGER, ends_at INTEGER, status TEXT NOT NULL,
    planned TEXT, deleting INTEGER NOT NULL DEFAULT 0, one_time INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE TABLE IF NOT EXISTS operations (
    seq INTEGER PRIMARY KEY, payload TEXT NOT NULL, due_at INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS subscriptions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL UNIQUE, account_id TEXT NOT NULL,
    url TEXT NOT NULL, events TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0,
    blocked_until INTEGER NOT NULL DEFAULT 0, UNIQUE (account_id, url)) STRICT;
  CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY, webhook_id TEXT NOT NULL, body TEXT NOT NULL,
    created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0) STRICT;
`;

/** Of a file from which deleted content is wiped; those of earlier versions still hold some. */
const WIPED = 1;
/** Of a file whose rows are found in memory. */
const WITHOUT_INDEXES = 2;

/** Makes the tables, or brings those that an earlier version made up to date. */
export function prepareTables(db: Libsql.Database): void {
  const [{ user_version: version }] = db.prepare('PRAGMA user_version').all([]) as [{ user_version: number }];
  if (version < WIPED) db.exec('VACUUM');
  db.exec('BEGIN IMMEDIATE');
  const earlier = tablesIn(db);
  if (version < WITHOUT_INDEXES && earlier.has('codes')) renew(db, earlier.has('one_time_codes'));
  db.exec(schema);
  addMissingColumns(db);
  db.exec(`PRAGMA user_version = ${WITHOUT_INDEXES}`);
  db.exec('COMMIT');
}

function tablesIn(db: Libsql.Database): Set<string> {
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all([]) as {
    name: string;
  }[];
  return new Set(tables.map(({ name }) => name));
}

function renew(db: Libsql.Database, withOneTimeCodes: boolean): void {
  for (const table of ['codes', 'operations', 'deliveries'])
    db.exec(`ALTER TABLE ${table} RENAME TO earlier_${table}`);
  db.exec(schema);
  const oneTime = withOneTimeCodes ? 'access_code_id IN (SELECT access_code_id FROM one_time_codes)' : '0';
  db.exec(`
    INSERT INTO codes
      SELECT seq, access_code_id, lock_id, name, code, starts_at, ends_at, status, planned, deleting, ${oneTime}
      FROM earlier_codes;
    INSERT INTO operations SELECT seq, payload, due_at FROM earlier_operations;
    INSERT INTO deliveries
      SELECT seq, webhook_id, body, created_at, due_at, attempts FROM earlier_deliveries;
    DROP TABLE earlier_codes;
    DROP TABLE earlier_operations;
    DROP TABLE earlier_deliveries;
    DROP TABLE IF EXISTS one_time_codes;
    DROP INDEX IF EXISTS locks_by_account;
  `);
}

/** A file that an earlier version made lacks what has come since. */
function addMissingColumns(db: Libsql.Database): void {
  const columns = db.prepare('PRAGMA table_info(authorization_codes)').all([]) as { name: string }[];
  if (!columns.some(({ name }) => name === 'code_challenge'))
    db.exec('ALTER TABLE authorization_codes ADD COLUMN code_challenge TEXT');
}
