import { type Vault } from '@latchkey/platform';
import { type Database } from '../database';
import { migrate, type Migration } from '../migrate';
import {
  accountTokens,
  accountTokensMigration,
  type AccountTokens,
  type AccountTokensTable,
} from './account-tokens';
import {
  apiKeyPermissionsMigration,
  apiKeys,
  apiKeysMigration,
  type ApiKeys,
  type ApiKeysTable,
} from './api-keys';
import { settings, settingsMigration, type Settings, type SettingsTable } from './settings';
import {
  webhookEndpoints,
  webhookEndpointsMigration,
  type WebhookEndpoints,
  type WebhookEndpointsTable,
} from './webhook-endpoints';
import { workspaces, workspacesMigration, type Workspaces, type WorkspacesTable } from './workspaces';

/** The small store next to the event store, to be backed up with it. One source file for each kind of record. */
export interface Records {
  workspaces: Workspaces;
  apiKeys: ApiKeys;
  settings: Settings;
  accountTokens: AccountTokens;
  webhookEndpoints: WebhookEndpoints;
}

export type RecordsTables = WorkspacesTable &
  ApiKeysTable &
  SettingsTable &
  AccountTokensTable &
  WebhookEndpointsTable;

// New ones go at the end.
const migrations: Migration[] = [
  workspacesMigration,
  apiKeysMigration,
  settingsMigration,
  accountTokensMigration,
  webhookEndpointsMigration,
  apiKeyPermissionsMigration,
];

/** Brings the records' tables up to date and opens them. Secrets in them are sealed by `vault`. */
export async function openRecords<T>(database: Database<T>, vault: Vault): Promise<Records> {
  await migrateRecords(database);
  const opened = database as unknown as Database<RecordsTables>;
  return {
    workspaces: workspaces(opened),
    apiKeys: apiKeys(opened),
    settings: settings(opened, vault),
    accountTokens: accountTokens(opened, vault),
    webhookEndpoints: webhookEndpoints(opened, vault),
  };
}

/** Whether anything was ever recorded. */
export async function holdRecords<T>(database: Database<T>): Promise<boolean> {
  await migrateRecords(database);
  const { db } = database as unknown as Database<RecordsTables>;
  return (await db.selectFrom('settings').select('key').limit(1).executeTakeFirst()) !== undefined;
}

/** Brings the records' tables up to date. */
export function migrateRecords<T>(database: Database<T>): Promise<void> {
  return migrate(database, 'records', migrations);
}
