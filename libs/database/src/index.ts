export { chunks } from './chunks';
export { copyDatabase, copyDatabaseOfOther, damageOf } from './copy-database';
export { type Database, openDatabase } from './database';
export { columnsOf, primaryKeyOf, tablesOf } from './engines/columns';
export { type Engine } from './engines/engine';
export { learnRows } from './engines/learn-rows';
export { createIndexOnce, lockUntilCommit } from './engines/locks';
export { forUpdateSkipLocked, isTransient, isUniqueViolation } from './engines/portable';
export { isUnstorable } from './engines/unstorable';
export { patiently } from './engines/patience';
export { type PostgresOptions } from './engines/postgres-dialect';
export { type SqliteOptions } from './engines/sqlite-dialect';
export { between } from './list-order';
export { migrate, type Migration } from './migrate';
export { type AccountToken, type AccountTokens } from './records/account-tokens';
export { type ApiKey, type ApiKeys, type Permission, PERMISSIONS } from './records/api-keys';
export { newApiToken } from './records/api-token';
export { openRecords, type Records } from './records/records';
export { type Settings } from './records/settings';
export {
  type WebhookEndpoint,
  type WebhookEndpoints,
  type WebhookEndpointsTable,
} from './records/webhook-endpoints';
export { type Workspace, type Workspaces } from './records/workspaces';
export { openStores, rekey, type Stores, UNMARKED_UNTIL } from './stores';
export { keptPerDatabase } from './kept-per-database';
export { KeptRows } from './kept-rows';
export { ParsedJson } from './parsed-json';
export { prepared, type Prepared, preparedIn, preparedRows } from './prepared';
export { restrictions } from './restrictions';
export { SharedCommits, sharedCommitsOf } from './shared-commits';
export { inSteps, inWindows } from './steps';
export { openVault } from './vault/open-vault';
export { testDatabase, type TestDatabase, testEngines } from './testing/test-databases';
export { watchStatements } from './testing/watched-statements';
